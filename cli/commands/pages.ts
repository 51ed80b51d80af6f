/** The most that the core gives on one page. */
export const PAGE_ITEMS_MAX = 1_000;

interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string;
}

/** Items page by page until there are no more. Ask for no more than is shown: `pageSize` shrinks to what `limit` leaves. */
export async function* itemsOf<T>(
  fetch: (page: { pageToken: string; pageSize: number }) => Promise<Page<T>>,
  limit = Infinity,
): AsyncGenerator<T> {
  let pageToken = '';
  let left = limit;
  while (left > 0) {
    const page = await fetch({ pageToken, pageSize: Math.min(PAGE_ITEMS_MAX, left) });
    for (const item of page.items) {
      if (left === 0) return;
      left -= 1;
      yield item;
    }
    pageToken = page.nextPageToken;
    if (pageToken === '') return;
  }
}
