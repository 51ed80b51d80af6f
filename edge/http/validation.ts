import type { FastifySchemaValidationError } from 'fastify';
import { Problem } from '../problems/problem.ts';
import type { ProblemCode } from '../problems/registry.ts';

const CODES: Readonly<Record<string, ProblemCode>> = {
  required: 'parameter_missing',
  additionalProperties: 'parameter_unknown',
  minimum: 'parameter_out_of_range',
  maximum: 'parameter_out_of_range',
  maxLength: 'parameter_too_long',
  maxProperties: 'parameter_too_long',
  propertyNames: 'parameter_too_long',
};

/** What a schema found wrong with a request. */
export function validationProblem(
  errors: readonly FastifySchemaValidationError[],
  part: string | undefined,
): Problem {
  const [{ keyword, instancePath, params, message = '' }] = errors;
  const path = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
  const below = nameBelow(params);
  const param = [path, below].filter((one) => one !== '').join('.');
  if (part === 'body' && param === '' && keyword === 'type') return new Problem('body_not_an_object');
  const isInteger = keyword === 'type' && params['type'] === 'integer';
  const code = isInteger ? 'parameter_not_integer' : (CODES[keyword] ?? 'parameter_invalid');
  return new Problem(code, { param, detail: detailOf(code, param, message) });
}

function detailOf(code: ProblemCode, param: string, message: string): string {
  if (code === 'parameter_missing') return `${param} is required.`;
  if (code === 'parameter_unknown') return `There is no parameter "${param}" here.`;
  return `${param} ${message}.`;
}

function nameBelow(params: Readonly<Record<string, unknown>>): string {
  const name = params['missingProperty'] ?? params['additionalProperty'] ?? params['propertyName'];
  // A name of the request's own is told in part: it may be anything.
  return typeof name === 'string' ? name.slice(0, 60) : '';
}
