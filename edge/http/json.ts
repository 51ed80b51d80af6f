import { Problem } from '../problems/problem.ts';

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
