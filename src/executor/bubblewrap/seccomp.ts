/**
 * A filter of system calls for programs in a sandbox (seccomp(2), a classic BPF program): they make no user namespace and
 * enter no namespace. In one of its own a program may rearrange its mounts, and a file that is guarded by a mount over it
 * is guarded only where that mount is seen. Nor do they reach the kernel's keyrings, which no namespace parts, or sockets that a
 * network namespace does not part (AF_VSOCK leads to the host of a virtual machine). Pure.
 */

interface Calls {
  /** AUDIT_ARCH_* of linux/audit.h. */
  audit: number;
  clone: number;
  unshare: number;
  setns: number;
  /** add_key, request_key, keyctl. */
  keys: readonly [number, number, number];
  socket: number;
  /** The older call that socket(2) was made by; its arguments cannot be seen. */
  socketcall?: number;
}

/** These two are the same on every architecture. */
const CLONE3 = 435;
/** Its rings make sockets, too, without a system call. */
const IO_URING_SETUP = 425;
const GENERIC = { clone: 220, unshare: 97, setns: 268, keys: [217, 218, 219], socket: 198 } as const;

/** By `process.arch`, each with the 32-bit calls of its processor. From the tables in the sources of Linux. */
const ARCHITECTURES: Readonly<Record<string, readonly Calls[]>> = {
  x64: [
    { audit: 0xc000_003e, clone: 56, unshare: 272, setns: 308, keys: [248, 249, 250], socket: 41 },
    {
      audit: 0x4000_0003,
      clone: 120,
      unshare: 310,
      setns: 346,
      keys: [286, 287, 288],
      socket: 359,
      socketcall: 102,
    },
  ],
  arm64: [
    { audit: 0xc000_00b7, ...GENERIC },
    { audit: 0x4000_0028, clone: 120, unshare: 337, setns: 375, keys: [309, 310, 311], socket: 281 },
  ],
  riscv64: [{ audit: 0xc000_00f3, ...GENERIC }],
  loong64: [{ audit: 0xc000_0102, ...GENERIC }],
};

/** Of struct seccomp_data; all of these processors have the lower half of an argument first. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;

const CLONE_NEWUSER = 0x1000_0000;
/** x32 on x64: other numbers for the same calls, which hardly any kernel still has. */
const X32 = 0x4000_0000;

const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const refuse = (errno: number): number => 0x0005_0000 | errno;
const EPERM = refuse(1);
/** As a kernel without it: C libraries then use clone, whose flags can be looked at, and programs keep no keys there. */
const ENOSYS = refuse(38);
const EAFNOSUPPORT = refuse(97);

/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: those that a network namespace parts, and that programs use. */
const FAMILIES = [1, 2, 10, 16];

const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;
const JUMP = 0x05;

/** An instruction; a jump goes on that many further where it holds, and to the next one where not. */
type Step = readonly [code: number, value: number, further?: number];

/** Undefined for a processor whose calls are not known here. `allFamilies`: sockets of any kind. */
export const systemCallFilter = (
  arch: string,
  { allFamilies = false }: { allFamilies?: boolean } = {},
): Buffer | undefined => {
  const known = ARCHITECTURES[arch];
  if (known === undefined) return undefined;
  const steps: Step[] = [[LOAD, ARCHITECTURE]];
  for (const calls of known) {
    const own = [...(allFamilies ? [] : socketSteps(calls)), ...stepsFor(calls)];
    steps.push([IF_EQUAL, calls.audit, 1], [JUMP, own.length], ...own);
  }
  steps.push([RETURN, KILL_PROCESS]);
  return Buffer.concat(steps.map(encoded));
};

const stepsFor = ({ clone, unshare, setns, keys: [addKey, requestKey, keyctl] }: Calls): Step[] => [
  [LOAD, NUMBER],
  [IF_AT_LEAST, X32, 11],
  [IF_EQUAL, CLONE3, 10],
  [IF_EQUAL, setns, 10],
  [IF_EQUAL, addKey, 8],
  [IF_EQUAL, requestKey, 7],
  [IF_EQUAL, keyctl, 6],
  [IF_EQUAL, unshare, 2],
  [IF_EQUAL, clone, 1],
  [RETURN, ALLOW],
  [LOAD, FIRST_ARGUMENT],
  [IF_ANY_BIT, CLONE_NEWUSER, 2],
  [RETURN, ALLOW],
  [RETURN, ENOSYS],
  [RETURN, EPERM],
];

const socketSteps = ({ socket, socketcall }: Calls): Step[] => [
  [LOAD, NUMBER],
  ...[IO_URING_SETUP, ...(socketcall === undefined ? [] : [socketcall])].flatMap((call): Step[] => [
    [IF_EQUAL, call, 1],
    [JUMP, 1],
    [RETURN, ENOSYS],
  ]),
  [IF_EQUAL, socket, 1],
  [JUMP, FAMILIES.length + 2],
  [LOAD, FIRST_ARGUMENT],
  ...FAMILIES.map((family, nth): Step => [IF_EQUAL, family, FAMILIES.length - nth]),
  [RETURN, EAFNOSUPPORT],
];

/** struct sock_filter. */
const encoded = ([code, value, further = 0]: Step): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(further, 2);
  bytes.writeUInt32LE(value >>> 0, 4);
  return bytes;
};
