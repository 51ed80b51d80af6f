import { readFileSync } from 'node:fs';
import { problemBody, Problem } from '../problems/problem.ts';
import type { ProblemCode } from '../problems/registry.ts';

/** A request and what it was answered. All of them are one story: ids of answers stand in later requests. */
export interface Example {
  /** The operationId. */
  readonly operation: string;
  /** What it shows, where an operation has several: "declined". */
  readonly name?: string;
  /** With its query. */
  readonly path: string;
  /** Of a change; {} where there is nothing to say. */
  readonly body?: object;
  readonly status: number;
  readonly answer: object;
}

/** Recorded from a real edge, and held to what one answers: test/integration/openapi.test.ts. */
export function readExamples(): Example[] {
  return JSON.parse(readFileSync(new URL('examples.json', import.meta.url), 'utf8')) as Example[];
}

type Named = Record<string, { value: unknown }>;

interface Media {
  examples?: Named;
}

interface Content {
  content?: Record<string, Media>;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: { readonly in: string; readonly name: string; example?: unknown }[];
  readonly requestBody?: Content;
  readonly responses: Record<string, Content>;
}

export interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
}

/** What every operation answers without an API key, and while the core is away: those of it that tests can bring about. */
const ANYWHERE: Readonly<Record<string, ProblemCode>> = { '4XX': 'api_key_missing', '5XX': 'unavailable' };

/** Puts the examples where the document has room for them. */
export function addExamples({ paths }: Document, examples: readonly Example[] = readExamples()): void {
  for (const [template, operations] of Object.entries(paths))
    for (const operation of Object.values(operations)) {
      const own = examples.filter(({ operation: of }) => of === operation.operationId);
      if (own[0] !== undefined) addParameters(operation, { template, path: own[0].path });
      for (const example of own) addExample(operation, example);
      for (const [status, code] of Object.entries(ANYWHERE)) {
        const requestId = 'req_0190a000000070008000000000000071';
        const path = (own[0]?.path ?? template).split('?')[0];
        const value = problemBody(new Problem(code), { path, requestId });
        put(operation.responses[status], code, value);
      }
    }
}

function addExample({ requestBody, responses }: Operation, { name = 'example', ...said }: Example): void {
  if (said.body !== undefined) put(requestBody, name, said.body);
  put(responses[said.status] ?? responses[`${Math.trunc(said.status / 100)}XX`], name, said.answer);
}

function put(content: Content | undefined, name: string, value: unknown): void {
  for (const media of Object.values(content?.content ?? {}))
    media.examples = { ...media.examples, [name]: { value } };
}

function addParameters(
  { parameters = [] }: Operation,
  { template, path }: { template: string; path: string },
): void {
  const [bare, query] = path.split('?');
  const asked = new URLSearchParams(query);
  const places = template.split('/');
  for (const parameter of parameters) {
    if (parameter.in === 'header') parameter.example = 'order-6735';
    if (parameter.in === 'path') parameter.example = bare.split('/')[places.indexOf(`{${parameter.name}}`)];
    const value = parameter.in === 'query' ? asked.get(parameter.name) : null;
    if (value !== null) parameter.example = value;
  }
}
