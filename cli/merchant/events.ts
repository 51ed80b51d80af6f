import { setTimeout as sleep } from 'node:timers/promises';
import type { MerchantApi } from './api.ts';

/** An event as the API shows it. */
export interface MerchantEvent {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly object: { readonly id: string; readonly status?: string } };
}

const PAGE = 100;
const POLL_MS = 500;

interface Page {
  readonly data: readonly MerchantEvent[];
  readonly has_more: boolean;
}

/** The newest, oldest first. */
export async function newestEvents(
  api: MerchantApi,
  { limit, types }: { limit: number; types: string },
): Promise<MerchantEvent[]> {
  const query = types === '' ? '' : `&type=${encodeURIComponent(types)}`;
  const { data } = (await api.get(`/v1/events?limit=${limit}${query}`)) as unknown as Page;
  return data.toReversed();
}

/** Every event behind one, as it happens, oldest first; without one from the first that there will be. */
export async function* eventsAfter(
  api: MerchantApi,
  { after, types }: { after: string | undefined; types: string },
): AsyncGenerator<MerchantEvent> {
  const query = types === '' ? '' : `&type=${encodeURIComponent(types)}`;
  for (let last = after; ;) {
    const behind = last === undefined ? '' : `&ending_before=${last}`;
    const page = (await api.get(`/v1/events?limit=${PAGE}${query}${behind}`)) as unknown as Page;
    for (const event of page.data.toReversed()) {
      yield event;
      last = event.id;
    }
    if (!page.has_more || last === undefined) await sleep(POLL_MS);
  }
}
