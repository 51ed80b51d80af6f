import { link, mkdir, open, readFile, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from './pain002.ts';

const FOLDERS = ['out', 'in', 'records', 'withdrawn'] as const;
type Name = (typeof FOLDERS)[number];

/** Where an order stands, as far as files tell. */
export type Handed =
  /** It lies in `out`, or the bank has fetched it. */
  | 'handed'
  /** Recorded, and perhaps handed over: the process ended between the two. */
  | 'perhaps'
  /** Taken back before the bank fetched it. */
  | 'withdrawn';

/**
 * The folder that is shared with the bank. `out` holds messages for it to fetch (by moving them away), `in` its reports;
 * `records` and `withdrawn` are ours. Every step is one atomic change of one name, and is on the disk before it counts.
 */
export class BankFolder {
  readonly #path: string;
  readonly #reports = new Map<string, Report>();
  readonly #readFiles = new Set<string>();
  #tmpCount = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async prepare(): Promise<void> {
    for (const name of FOLDERS) await mkdir(join(this.#path, name), { recursive: true });
  }

  /** Keeps a record under an id, unless there is one; answers what is kept. The first one to come decides. */
  async record(id: string, text: string): Promise<string> {
    const path = this.#at('records', `${id}.json`);
    return (await this.#create(path, text)) ? text : readFile(path, 'utf8');
  }

  async recordOf(id: string): Promise<string | null> {
    return readFile(this.#at('records', `${id}.json`), 'utf8').catch(nullIfMissing);
  }

  /** Lays a message out for the bank. Only for an order whose record was made by the same call. */
  async hand(id: string, message: string): Promise<void> {
    await this.#create(this.#at('out', `${id}.xml`), message);
    await this.#create(this.#at('records', `${id}.handed`), '');
  }

  async handedOf(id: string): Promise<Handed> {
    if (await exists(this.#at('withdrawn', `${id}.xml`))) return 'withdrawn';
    if (await exists(this.#at('records', `${id}.handed`))) return 'handed';
    return (await exists(this.#at('out', `${id}.xml`))) ? 'handed' : 'perhaps';
  }

  /** Takes a message back. False where the bank was faster. */
  async withdraw(id: string): Promise<boolean> {
    const to = this.#at('withdrawn', `${id}.xml`);
    const moved = await rename(this.#at('out', `${id}.xml`), to).then(() => true, falseIfMissing);
    if (!moved) return exists(to);
    await this.#sync('withdrawn');
    await this.#sync('out');
    return true;
  }

  /** What the bank has reported about an order; of several reports the first final one. */
  async reportOf(id: string): Promise<Report | null> {
    const names = (await readdir(this.#at('in'))).filter((name) => name.endsWith('.xml')).toSorted();
    for (const name of names) if (!this.#readFiles.has(name)) await this.#read(name);
    return this.#reports.get(id) ?? null;
  }

  /** A file that cannot be read may be half written: it is tried again each time. */
  async #read(name: string): Promise<void> {
    // Only once there is a report: the parser takes 20 ms to load, and every start would wait for it.
    const { UnreadableReport, pain002 } = await import('./pain002.ts');
    let reports: Report[];
    try {
      reports = pain002(await readFile(this.#at('in', name), 'utf8'));
    } catch (error) {
      if (error instanceof UnreadableReport) return;
      throw error;
    }
    this.#readFiles.add(name);
    for (const report of reports) {
      const known = this.#reports.get(report.id);
      if (known === undefined || known.status === 'taken') this.#reports.set(report.id, report);
    }
  }

  /** A file with its whole content or none, and only if there is none yet. False where there is. */
  async #create(path: string, text: string): Promise<boolean> {
    const tmp = this.#at('records', `${process.pid}-${++this.#tmpCount}.tmp`);
    const file = await open(tmp, 'w');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    try {
      return await link(tmp, path).then(() => true, falseIfThere);
    } finally {
      await unlink(tmp);
      for (const name of FOLDERS) if (path.startsWith(this.#at(name))) await this.#sync(name);
    }
  }

  /** A name is on the disk once its folder is. */
  async #sync(name: Name): Promise<void> {
    const folder = await open(this.#at(name), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #at(name: Name, file = ''): string {
    return join(this.#path, name, file);
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, falseIfMissing);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function falseIfMissing(error: unknown): false {
  if (hasCode(error, 'ENOENT')) return false;
  throw error;
}

function falseIfThere(error: unknown): false {
  if (hasCode(error, 'EEXIST')) return false;
  throw error;
}

function nullIfMissing(error: unknown): null {
  if (hasCode(error, 'ENOENT')) return null;
  throw error;
}
