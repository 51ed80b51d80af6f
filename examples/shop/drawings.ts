import { Html } from './html.ts';

/** The things as line drawings: nothing is fetched from anywhere, and they follow the colours of the page. */
const DRAWINGS: Readonly<Record<string, string>> = {
  ledger:
    '<path d="M18 12h40a6 6 0 0 1 6 6v44H24a6 6 0 0 1-6-6z"/><path d="M18 56a6 6 0 0 1 6-6h40M30 24h22M30 34h22M41 24v18"/>',
  pen: '<path d="M56 10 70 24 38 56l-18 6 4-18z"/><path d="m20 62 14-14M50 16l14 14"/><circle cx="35" cy="47" r="2"/>',
  ink: '<path d="M30 14h20v10H30zM26 24h28l8 12v26a4 4 0 0 1-4 4H22a4 4 0 0 1-4-4V36z"/><path d="M18 46h44M28 54h24"/>',
  seal: '<circle cx="40" cy="46" r="20"/><circle cx="40" cy="46" r="12"/><path d="M34 46h12M40 40v12M34 26l-2-14h16l-2 14"/>',
};

export function drawingOf(product: string): Html {
  return new Html(
    `<svg class="drawing" viewBox="0 0 80 80" aria-hidden="true" focusable="false">${DRAWINGS[product] ?? ''}</svg>`,
  );
}
