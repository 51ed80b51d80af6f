/** How a column's binary form is read for a report. */
export type ColumnType =
  | 'i16'
  | 'i32'
  | 'i64'
  | 'boolean'
  | 'uuid'
  | 'moment'
  | 'date'
  | 'text'
  | 'jsonb'
  | 'bytes';

export interface Column {
  name: string;
  type: ColumnType;
  /** What is selected where it is not the column itself. */
  expression?: string;
}

/** A table of the read models as verify compares it: the key first, then what the journal says of it. */
export interface Table {
  /** In florin; two parts of one table bear the same name. */
  name: string;
  /** The view that shows all of its rows, where they stand in several tables. */
  view?: string;
  /** How many of the columns are its key. */
  keys: number;
  columns: readonly Column[];
  where?: string;
}

const of =
  (type: ColumnType) =>
  (name: string): Column => ({ name, type });
export const i16 = of('i16'),
  i32 = of('i32'),
  i64 = of('i64'),
  flag = of('boolean'),
  uuid = of('uuid'),
  moment = of('moment'),
  date = of('date'),
  text = of('text'),
  json = of('jsonb');

/** An array without the zeros at its end, which the projector may leave out. */
export const trimmed = (name: string): Column => ({
  name,
  type: 'text',
  expression: `regexp_replace(array_to_string(${name}, ','), '(^|,)0(,0)*$', '')`,
});
