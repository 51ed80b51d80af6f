import type { Command } from 'commander';
import type { Book } from '../../gen/florin/ledger/v1/books_pb.ts';
import { isoMoment, shortMoment } from '../print/json.ts';
import { tableLines } from '../print/table.ts';
import { itemsOf } from './pages.ts';
import { type CoreOptions, type Session, withCore } from './session.ts';
import { coreCommand } from './shape.ts';

interface BooksOptions extends CoreOptions {
  readonly json?: true;
}

export function addBooks(program: Command): void {
  coreCommand(program, 'books', { description: 'list the books', example: 'florin books' }).action(
    (options: BooksOptions) => withCore(options, (session) => listBooks(session, options)),
  );
}

async function listBooks({ client, terminal }: Session, options: BooksOptions): Promise<void> {
  const books: Book[] = [];
  const fetch = async (page: { pageToken: string; pageSize: number }) => {
    const answer = await client.books.listBooks(page);
    return { items: answer.books, nextPageToken: answer.nextPageToken };
  };
  for await (const book of itemsOf(fetch)) books.push(book);

  if (options.json === true) {
    const shown = books.map(({ name, shard, description, createdAt }) => ({
      name,
      shard,
      description,
      created_at: isoMoment(createdAt),
    }));
    await terminal.print(JSON.stringify(shown));
    return;
  }
  if (books.length === 0) {
    terminal.remark('There is no book yet: "florin import berka examples/berka/trans.asc" makes one.');
    return;
  }
  const lines = tableLines<Book>(
    [
      { title: 'NAME', text: (book) => book.name },
      { title: 'SHARD', align: 'right', text: (book) => String(book.shard) },
      { title: 'CREATED (UTC)', text: (book) => shortMoment(book.createdAt) },
      { title: 'DESCRIPTION', isFlexible: true, text: (book) => book.description },
    ],
    books,
    terminal,
  );
  for (const line of lines) await terminal.print(line);
}
