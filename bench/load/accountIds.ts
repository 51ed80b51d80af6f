import { uuidv7 } from '../../client/index.ts';

export const ID_CHARS = 36;

/** Ids of accounts as text one behind the other: a million take 36 MB. */
export class AccountIds {
  readonly text: Buffer;
  readonly count: number;

  constructor(count: number) {
    this.count = count;
    this.text = Buffer.allocUnsafeSlow(count * ID_CHARS);
    for (let i = 0; i < count; i++) this.text.write(uuidv7(), i * ID_CHARS, 'latin1');
  }

  at(index: number): string {
    return this.text.toString('latin1', index * ID_CHARS, (index + 1) * ID_CHARS);
  }
}
