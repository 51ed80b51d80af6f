import { Problem } from '../problems/problem.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** A name of the request's own is told in part: it may be anything. */
const NAME_CHARACTERS_MAX = 60;

/**
 * What a body says. What would be read as something else than was sent is refused and named: keys that are no data to a
 * program in JavaScript, and halves of characters, which no answer could give back.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let value: unknown;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Problem('body_invalid_json', { detail: 'The body is not UTF-8.' });
  }
  if (text === '') return {};
  checkDepth(text);
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem('body_invalid_json');
  }
  if (value === null) throw new Problem('body_not_an_object');
  // Nothing else can bring them about, and hardly any body has these.
  if (/\\u|__proto__|constructor/.test(text)) checkWords(value, '');
  return value;
}

function checkWords(value: unknown, path: string): void {
  if (typeof value === 'string' && !value.isWellFormed())
    throw new Problem('parameter_invalid', { param: path, detail: `${path} has half a character.` });
  if (typeof value !== 'object' || value === null) return;
  for (const [name, below] of Object.entries(value)) {
    const shown = name.slice(0, NAME_CHARACTERS_MAX).toWellFormed();
    const param = path === '' ? shown : `${path}.${shown}`;
    if (!name.isWellFormed() || name === '__proto__' || isConstructor(name, below))
      throw new Problem('parameter_invalid', { param, detail: `"${shown}" is no name here.` });
    checkWords(below, param);
  }
}

function isConstructor(name: string, value: unknown): boolean {
  return (
    name === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
  );
}

/** Arrays and objects inside each other. Nothing that the API takes is deeper than 3. */
const DEPTH_MAX = 20;

/** Refuses a text that nests too deeply, before anybody builds it. Strings are passed over. */
export function checkDepth(text: string): void {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(text, at);
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > DEPTH_MAX) throw new Problem('body_too_deep');
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
  }
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at;
  }
  return text.length;
}
