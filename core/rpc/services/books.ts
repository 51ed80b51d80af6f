import { BookService } from '../../../gen/florin/ledger/v1/books_pb.ts';
import { CallRefused } from '../../shard/service.ts';
import { type ServedService, serviceOf } from '../contract.ts';
import { BadField } from '../errors/badField.ts';
import { Page } from '../paging/page.ts';
import type { BookRow, Reads } from '../reads.ts';
import { position } from '../translate/answers.ts';
import { queriedText } from '../translate/queries.ts';
import * as rows from '../translate/rows.ts';
import { checkedBook } from './names.ts';
import { done, readable } from './control.ts';
import type { Grounds } from './grounds.ts';

const DESCRIPTION_CHARACTERS_MAX = 200;

export function bookService({ ledger, reads }: Grounds): ServedService {
  return serviceOf(BookService, {
    createBook: async (request, call) => {
      const name = checkedBook(request.name, 'name');
      const description = queriedText(request.description, 'description', DESCRIPTION_CHARACTERS_MAX) ?? '';
      const shard = checkedShard(request.shard, ledger.shardCount);
      const command = { op: 'createBook', name, description, shard } as const;
      const answer = done(await ledger.control(command, { deadlineUs: call.deadlineUs }));
      await readable(reads, answer, call);
      if (answer.book === undefined)
        throw new Error('the control shard created a book and does not say which');
      return { book: rows.book(answer.book), position: position(answer.position), replayed: answer.replayed };
    },
    getBook: async (request) => {
      const book = await reads.book(checkedBook(request.name, 'name'));
      if (book === null) throw new CallRefused('BOOK_NOT_FOUND', { field: 'name' });
      return { book: rows.book(book) };
    },
    listBooks: async (request, { caller }) => {
      const page = new Page(request, ['ListBooks'], ['text']);
      const after = page.cursor === null ? null : String(page.cursor[0]);
      const visible = caller === undefined ? () => true : (name: string) => caller.mayUse(name);
      const cut = page.cut(await visibleBooks(reads, { after, limit: page.limit, visible }), ({ name }) => [
        name,
      ]);
      return { books: cut.rows.map(rows.book), nextPageToken: cut.token };
    },
  });
}

/** Books by name, without those that the caller may not use: not even a page's token may tell of them. */
async function visibleBooks(
  reads: Pick<Reads, 'books'>,
  { after, limit, visible }: { after: string | null; limit: number; visible: (name: string) => boolean },
): Promise<BookRow[]> {
  const found: BookRow[] = [];
  for (let from = after; ;) {
    const some = await reads.books({ after: from, limit });
    found.push(...some.filter(({ name }) => visible(name)));
    if (some.length < limit || found.length >= limit) return found.slice(0, limit);
    from = some[some.length - 1].name;
  }
}

function checkedShard(shard: number | undefined, shardCount: number): number | null {
  if (shard === undefined) return null;
  if (shard < 0 || shard >= shardCount)
    throw new BadField('shard', 'INVALID_VALUE', `shard: from 0 to ${shardCount - 1}.`);
  return shard;
}
