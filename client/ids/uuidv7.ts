import { randomFillSync } from 'node:crypto';
import { wallClockMs } from '../clock.ts';

/** Random bytes are drawn 4 KiB at a time: one call into the system for 409 ids. */
const pool = new Uint8Array(4_096);
/** 2 for the counter's start, 8 for the end. */
const BYTES_AN_ID = 10;
let poolAt = pool.length;

/** The 12 bits after the stamp count the ids of one millisecond, from a random start below half. */
const COUNTER_MAX = 0xfff;
let stampMs = 0;
let counter = COUNTER_MAX;

const text = Buffer.alloc(36, '-');
const HEX = new Uint8Array(512);
for (let byte = 0; byte < 256; byte++) {
  const digits = byte.toString(16).padStart(2, '0');
  HEX[byte * 2] = digits.charCodeAt(0);
  HEX[byte * 2 + 1] = digits.charCodeAt(1);
}

/**
 * A UUID of version 7 (RFC 9562, method 1): 48 bits of milliseconds, a 12 bit counter, 62 random bits. Later ids of
 * this process sort after earlier ones, also when the clock goes back or more than 2,048 are wanted in a millisecond:
 * then the stamp runs ahead of the clock. 0.24 us each (bench/micro/client-coalesce.ts).
 */
export function uuidv7(): string {
  if (poolAt + BYTES_AN_ID > pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  advance(wallClockMs());
  poolAt += 2;
  const high = Math.floor(stampMs / 0x1_0000);
  hex(0, high >>> 24);
  hex(2, (high >>> 16) & 0xff);
  hex(4, (high >>> 8) & 0xff);
  hex(6, high & 0xff);
  hex(9, (stampMs >>> 8) & 0xff);
  hex(11, stampMs & 0xff);
  hex(14, 0x70 | (counter >>> 8));
  hex(16, counter & 0xff);
  hex(19, 0x80 | (pool[poolAt++] & 0x3f));
  hex(21, pool[poolAt++]);
  for (let at = 24; at < 36; at += 2) hex(at, pool[poolAt++]);
  return text.toString('latin1');
}

function advance(nowMs: number): void {
  if (nowMs > stampMs) {
    stampMs = nowMs;
    counter = ((pool[poolAt] << 8) | pool[poolAt + 1]) & 0x7ff;
  } else if (counter < COUNTER_MAX) {
    counter += 1;
  } else {
    stampMs += 1;
    counter = 0;
  }
}

function hex(at: number, byte: number): void {
  text[at] = HEX[byte * 2];
  text[at + 1] = HEX[byte * 2 + 1];
}
