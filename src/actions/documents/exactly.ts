/** What holds a schema of a document to the type that the program works with. */
import * as z from 'zod/mini';

/** As deep as it goes, without the members that a loose object may have beside those it names. */
export type Named<T> = T extends readonly (infer Each)[]
  ? Named<Each>[]
  : T extends object
    ? [NamedKeys<T>] extends [never]
      ? T
      : { [Name in keyof T as string extends Name ? never : Name]: Named<T[Name]> }
    : T;

type NamedKeys<T> = keyof { [Name in keyof T as string extends Name ? never : Name]: true };

/** Told apart by the compiler in every member, also in whether it may be missing. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** The schema as it is given. One that says anything else than `T` does not compile: a second argument is then missing. */
export const exactly =
  <T>() =>
  <S extends z.ZodMiniType>(schema: S, ..._differs: Same<z.infer<S>, T> extends true ? [] : [T]): S =>
    schema;

type Present<Shape> = {
  [Name in keyof Shape]: Shape[Name] extends z.ZodMiniDefault<infer Inner> ? Inner : Shape[Name];
};

/** What a file may leave out, for which a default is read, stands in its document. */
export const present = <Shape extends z.core.$ZodShape>(shape: Shape): Present<Shape> =>
  Object.fromEntries(
    Object.entries(shape).map(([name, each]) => [
      name,
      each instanceof z.ZodMiniDefault ? each.def.innerType : each,
    ]),
  ) as Present<Shape>;
