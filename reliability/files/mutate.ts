/** Valid files, changed a little: by their structure where they are JSON, else byte by byte. */
const LONG = 'x'.repeat(100_000);

const deep = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

const ODD_VALUES: readonly unknown[] = [
  [null, true, false, 0, -1, 1.5, 1e308, -1e308, 2 ** 53, 1e21, 4_294_967_296, 1e-300],
  ['', ' ', 'x', '\0', '\uFEFF', '\uD800', '\n', '\u001b[2J', '0', '-1', 'NaN', 'true', 'null', '[]'],
  ['../../../x', '/nonexistent/x', '.', '..', '~', '/', '*', '$(x)', '__proto__', 'constructor', LONG],
  ['not a time', '9999-99-99T99:99:99Z', '+275760-09-13T00:00:00.000Z', '-271821-04-20T00:00:00Z'],
  ['task_20260101_000000_000000_zzzz', 'general', 'code', 'command', 'success', 'error', 'internal'],
  [[], {}, [null], [[]], [{}], ['', ''], [1, 'x', null], deep(50), deep(1000)],
  [Array.from({ length: 20_000 }, (_, number) => number), { path: '/nonexistent/x', sha256: null }],
  [{ code: 'no such code', message: 'm', hint: 'h' }],
  [JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as unknown],
].flat(1);

const ODD_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  '',
  ' ',
  '\0',
  '../x',
  'version',
  'options',
  'then',
  LONG,
];

type Random = () => number;
type Container = Record<string, unknown> | unknown[];

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const below = (random: Random, most: number): number => Math.floor(random() * most);

/** Another file; what was done is said in `how`. */
export const mutate = (random: Random, original: Buffer): { bytes: Buffer; how: string } => {
  let bytes = original;
  const how: string[] = [];
  for (let times = 1 + below(random, 3); times > 0; times -= 1) {
    const value = random() < 0.75 ? parsed(bytes) : undefined;
    const change = value === undefined ? byBytes(random, bytes) : byStructure(random, value);
    bytes = change.bytes;
    how.push(change.how);
  }
  return { bytes, how: how.join(', then ') };
};

const parsed = (bytes: Buffer): Container | undefined => {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? (value as Container) : undefined;
  } catch {
    return undefined;
  }
};

const byStructure = (random: Random, value: Container): { bytes: Buffer; how: string } => {
  const places = placesIn(value);
  const place = pick(random, places);
  if (place === undefined) return { bytes: Buffer.from(JSON.stringify([value])), how: 'put into a list' };
  const { within, name } = place;
  const odd = pick(random, ODD_VALUES);
  const text = (): Buffer => asJson(value);
  const way = below(random, 10);
  if (way === 0) {
    delete (within as Record<string, unknown>)[name];
    return { bytes: text(), how: `without ${name}` };
  }
  if (way === 1) {
    const added = pick(random, ODD_NAMES);
    Object.defineProperty(within, added, {
      value: odd,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return { bytes: text(), how: `with ${shown(added)}: ${shown(odd)}` };
  }
  if (way === 2) {
    const twice = `${JSON.stringify(name)}:${JSON.stringify(odd)},`;
    return { bytes: Buffer.from(text().toString().replace('{', `{${twice}`)), how: `with ${name} twice` };
  }
  if (way === 3) {
    const other = pick(random, places);
    (within as Record<string, unknown>)[name] = other?.within[other.name as never];
    return { bytes: text(), how: `${name} as ${other?.name} is` };
  }
  (within as Record<string, unknown>)[name] = odd;
  return { bytes: text(), how: `${name} as ${shown(odd)}` };
};

/** A value may have come to lie in itself, or too deep. */
const asJson = (value: Container): Buffer => {
  try {
    return Buffer.from(`${JSON.stringify(value)}\n`);
  } catch {
    return Buffer.from('{');
  }
};

const placesIn = (value: Container): { within: Container; name: string }[] => {
  const places: { within: Container; name: string }[] = [];
  const walk = (within: Container, levels: number): void => {
    for (const [name, inner] of Object.entries(within).slice(0, 50)) {
      places.push({ within, name });
      if (typeof inner === 'object' && inner !== null && levels < 5) walk(inner as Container, levels + 1);
    }
  };
  walk(value, 0);
  return places;
};

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 60);

const PIECES = [
  '\0',
  '\uFEFF',
  '\n',
  '"',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '\\',
  '- ',
  '&a ',
  '*a',
  '#',
  '=',
].map((text) => Buffer.from(text));

const byBytes = (random: Random, original: Buffer): { bytes: Buffer; how: string } => {
  const at = below(random, original.length + 1);
  const to = Math.min(original.length, at + below(random, 40));
  const join = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
  const [before, middle, after] = [
    original.subarray(0, at),
    original.subarray(at, to),
    original.subarray(to),
  ];
  switch (below(random, 7)) {
    case 0:
      return { bytes: join(before), how: `cut at ${at}` };
    case 1:
      return { bytes: join(before, after), how: `without ${at} to ${to}` };
    case 2:
      return { bytes: join(before, middle, middle, after), how: `with ${at} to ${to} twice` };
    case 3:
      return { bytes: join(before, pick(random, PIECES), middle, after), how: `with a piece at ${at}` };
    case 4:
      return {
        bytes: join(before, Buffer.from([0xff, 0xc0]), middle, after),
        how: `with bad UTF-8 at ${at}`,
      };
    case 5:
      return { bytes: join(after, middle, before), how: `turned around at ${at}` };
    default: {
      const flipped = Buffer.from(original);
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << below(random, 8));
      return { bytes: flipped, how: `with a bit of ${at} turned` };
    }
  }
};
