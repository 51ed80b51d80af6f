import { BadField } from '../errors/badField.ts';
import { isBookName } from '../translate/names.ts';

/** A book's name, or the refusal of the call. */
export function checkedBook(name: string, field = 'book'): string {
  if (name === '') throw new BadField(field, 'MISSING_FIELD');
  if (!isBookName(name))
    throw new BadField(field, 'INVALID_VALUE', `${field}: not in the form of a book's name.`);
  return name;
}
