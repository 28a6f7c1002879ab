/** The GGUF container, version 3: metadata pairs and F32 tensors, as llama.cpp reads them. */
import { Buffer } from 'node:buffer';

export type Tensor = { name: string; shape: number[]; data: Float32Array };

const VERSION = 3;
/** ggml's type of a tensor. */
const F32 = 0;
const ALIGNMENT = 32;
const TYPE = { uint32: 4, int32: 5, float32: 6, boolean: 7, string: 8, array: 9 } as const;

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value);
  return buffer;
}

function uint64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function float32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT);
}

function pair(key: string, type: number, value: Buffer): Buffer {
  return Buffer.concat([text(key), uint32(type), value]);
}

function array(key: string, type: number, items: Buffer[]): Buffer {
  return pair(key, TYPE.array, Buffer.concat([uint32(type), uint64(items.length), ...items]));
}

/** One metadata pair, by the type of its value. */
export const metadata = {
  integer: (key: string, value: number): Buffer => pair(key, TYPE.uint32, uint32(value)),
  float: (key: string, value: number): Buffer => pair(key, TYPE.float32, float32(value)),
  string: (key: string, value: string): Buffer => pair(key, TYPE.string, text(value)),
  boolean: (key: string, value: boolean): Buffer => pair(key, TYPE.boolean, Buffer.from([value ? 1 : 0])),
  strings: (key: string, values: readonly string[]): Buffer => array(key, TYPE.string, values.map(text)),
  floats: (key: string, values: readonly number[]): Buffer => array(key, TYPE.float32, values.map(float32)),
  integers: (key: string, values: readonly number[]): Buffer => array(key, TYPE.int32, values.map(int32)),
};

export function encodeGguf(pairs: readonly Buffer[], tensors: readonly Tensor[]): Buffer {
  const infos: Buffer[] = [];
  const data: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, data: values } of tensors) {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const pad = padding(bytes.length);
    infos.push(text(name), uint32(shape.length), ...shape.map(uint64), uint32(F32), uint64(offset));
    data.push(bytes, pad);
    offset += bytes.length + pad.length;
  }
  const start = [Buffer.from('GGUF'), uint32(VERSION), uint64(tensors.length), uint64(pairs.length)];
  const header = Buffer.concat([...start, ...pairs, ...infos]);
  return Buffer.concat([header, padding(header.length), ...data]);
}
