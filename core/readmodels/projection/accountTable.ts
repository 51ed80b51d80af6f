const EMPTY = -1;
const NUMBERS = 4_294_967_296;

/** The accounts that a batch touches, numbered densely in order of appearance; open addressing, no object an account. */
export class AccountTable {
  count = 0;
  number = new Uint32Array(1024);
  shard = new Uint8Array(1024);
  /** Entries of the account in this batch. */
  entries = new Uint32Array(1024);
  /** 1 where the account was opened in this batch. */
  opened = new Uint8Array(1024);
  #slots = new Int32Array(4096).fill(EMPTY);

  clear(): void {
    this.#slots.fill(EMPTY);
    this.count = 0;
  }

  /** The account's place in the columns; it is entered when it is new. */
  touch(shard: number, number: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(shard, number) & mask;
    for (let found = slots[slot]; found !== EMPTY; found = slots[slot]) {
      if (this.number[found] === number && this.shard[found] === shard) return found;
      slot = (slot + 1) & mask;
    }
    const place = this.count++;
    slots[slot] = place;
    if (place === this.number.length) this.#growColumns();
    this.number[place] = number;
    this.shard[place] = shard;
    this.entries[place] = 0;
    this.opened[place] = 0;
    // At most half full, so that probing stays short.
    if (this.count * 2 > slots.length) this.#growSlots();
    return place;
  }

  /** The places by account key, ascending. */
  sorted(): Uint32Array {
    const keys = new Float64Array(this.count);
    for (let place = 0; place < this.count; place++)
      keys[place] = this.shard[place] * NUMBERS + this.number[place];
    keys.sort();
    const places = new Uint32Array(this.count);
    for (const [index, key] of keys.entries())
      places[index] = this.touch(Math.floor(key / NUMBERS), key >>> 0);
    return places;
  }

  #growColumns(): void {
    const size = this.number.length * 2;
    this.number = copyOf(this.number, new Uint32Array(size));
    this.entries = copyOf(this.entries, new Uint32Array(size));
    this.shard = copyOf(this.shard, new Uint8Array(size));
    this.opened = copyOf(this.opened, new Uint8Array(size));
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2).fill(EMPTY);
    const mask = slots.length - 1;
    for (let place = 0; place < this.count; place++) {
      let slot = hash(this.shard[place], this.number[place]) & mask;
      while (slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      slots[slot] = place;
    }
    this.#slots = slots;
  }
}

export function copyOf<T extends Uint8Array | Uint32Array | Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hash(shard: number, number: number): number {
  const mixed = Math.imul(number ^ (shard << 26), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
