import { INT8_OID } from './rowBuffer.ts';

const HEAD_BYTES = 20;
const ELEMENT_BYTES = 12;

/** A column of bigint as one query parameter: a Postgres array in binary form, for `unnest`. */
export class BigintColumn {
  #bytes = Buffer.allocUnsafeSlow(16 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  get length(): number {
    return this.#count;
  }

  push(high: number, low: number): void {
    const at = HEAD_BYTES + this.#count * ELEMENT_BYTES;
    if (at + ELEMENT_BYTES > this.#bytes.length) this.#grow();
    this.#view.setUint32(at, 8);
    this.#view.setUint32(at + 4, high);
    this.#view.setUint32(at + 8, low);
    this.#count++;
  }

  pushBig(value: bigint): void {
    this.push(Number((value >> 32n) & 0xffffffffn), Number(value & 0xffffffffn));
  }

  pushFrom(source: DataView, offset: number): void {
    this.push(source.getUint32(offset + 4, true), source.getUint32(offset, true));
  }

  /** The parameter; valid until the next `clear`. */
  finish(): Buffer {
    const view = this.#view;
    view.setUint32(0, 1);
    view.setUint32(4, 0);
    view.setUint32(8, INT8_OID);
    view.setUint32(12, this.#count);
    view.setUint32(16, 1);
    return this.#bytes.subarray(0, HEAD_BYTES + this.#count * ELEMENT_BYTES);
  }

  #grow(): void {
    const bytes = Buffer.allocUnsafeSlow(this.#bytes.length * 2);
    this.#bytes.copy(bytes);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}
