import { appendFileSync } from 'node:fs';

/** A program for childProcess.test.ts: notes its process id in a file and waits for the end of its input. */
const [, , , file, end] = process.argv;
appendFileSync(file, `${process.pid}\n`);
if (end === 'at once') {
  console.error('florin: it cannot be.');
  process.exit(2);
}
console.log('It is ready.');
process.stdin.resume().once('end', () => process.exit(0));
