import { PROBLEMS } from '../problems/registry.ts';

const STYLE = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: 0.4rem 0.8rem; border-bottom: 1px solid #8884; vertical-align: top; }
  tr:target { background: #fe83; }
  @media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }`;

/** The page that `doc_url` of a problem leads to: every code, in the order of its status. */
export function errorsPage(): string {
  const rows = Object.entries(PROBLEMS)
    .toSorted(([, a], [, b]) => a.status - b.status)
    .map(
      ([code, { status, title, retryable }]) =>
        `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}.</td><td>${retryable ? 'yes' : 'no'}</td></tr>`,
    );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Errors of the Florin API</title><style>${STYLE}</style></head>
<body>
<h1>Errors</h1>
<p>Every "no" is <code>application/problem+json</code> (RFC 9457) with a <code>code</code> that is never renamed.
"Retry" says whether the same request, with the same Idempotency-Key, can end differently later. A request whose outcome nobody
knows yet is no error: it is answered with 202.</p>
<table>
<thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Meaning</th><th scope="col">Retry</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</body>
</html>
`;
}
