/** A task as it is asked for, and what else the rows of fields.ts make: names of properties, options, flags. Pure. */
import type { FieldRow } from './field-types.ts';
import { FIELDS } from './fields.ts';

export type FieldName = keyof typeof FIELDS;
type Row<Name extends FieldName> = (typeof FIELDS)[Name];

/** Every row, as all of them are alike. */
export const fieldRows = (): [FieldName, FieldRow][] => Object.entries(FIELDS) as [FieldName, FieldRow][];

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;
type OwnName = { [Name in FieldName]: Row<Name> extends { fills: string } ? never : Name }[FieldName];
type ValueOf<Name extends FieldName> = Readonly<ReturnType<Row<Name>['type']['read']>>;

/** A task as it is asked for, from whatever source. Paths and references are as they were written, `after` not yet ids. */
export type Fields = { -readonly [Name in OwnName as Camel<Name>]?: ValueOf<Name> | undefined };

/** The name in Fields: `stallTimeout` of `stall_timeout`. */
export const propertyOf = (name: string): keyof Fields =>
  name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()) as keyof Fields;

type OptionName = { [Name in FieldName]: Row<Name> extends { option: unknown } ? Name : never }[FieldName];

/** What is kept in `options` of the task file. */
export const optionShape = Object.fromEntries(
  fieldRows().flatMap(([name, { option }]) => (option === undefined ? [] : [[name, option]])),
) as { [Name in OptionName]: Row<Name>['option'] };

/** Those of `options`, as they were written. */
export const optionFields = (fields: Fields): { [Name in OptionName]: Fields[Camel<Name>] } =>
  Object.fromEntries(Object.keys(optionShape).map((name) => [name, fields[propertyOf(name)]])) as ReturnType<
    typeof optionFields
  >;

type Kebab<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}-${Kebab<Tail>}`
  : Name;
type FlagName<Name extends FieldName> =
  Row<Name> extends { flag: infer Flag }
    ? Flag extends { name: infer Own extends string }
      ? Own
      : Kebab<Name>
    : never;

/** The form of each flag, by its name. */
export type FlagForms = { [Name in FieldName as FlagName<Name>]: Row<Name>['type']['flag'] };

/** undefined: it has none. */
export const flagNameOf = (name: FieldName, { flag }: FieldRow): keyof FlagForms | undefined =>
  flag && ((flag.name ?? name.replaceAll('_', '-')) as keyof FlagForms);
