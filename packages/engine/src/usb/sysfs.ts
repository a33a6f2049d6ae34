// SPDX-License-Identifier: Apache-2.0
//
// The USB devices of this host as its kernel lists them (Documentation/ABI/stable/sysfs-bus-usb). What a device wrote into its own descriptors is
// text of a stranger: each file is read by its form, and a device whose files do not have theirs is not there.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { deviceClass, type UsbIdentity } from './identity.ts'

export interface HostUsbDevice extends UsbIdentity {
  /** Bus and ports on the way to it, `1-2.4`: the same while it stays plugged in where it is. */
  readonly at: string
  readonly bus: number
  /** On its bus, another one each time it is plugged in. */
  readonly address: number
  /** What it calls itself, in printable ASCII; empty where it says nothing. */
  readonly name: string
}

/** Not the controllers (`usb1`), nor interfaces (`1-2:1.0`). */
const place = /^\d{1,3}-\d{1,3}(?:\.\d{1,3}){0,6}$/
const hub = '09'
const hex = (digits: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${digits}}\n$`))
    .transform((text) => text.trim())
const number = z
  .string()
  .regex(/^\d{1,3}\n$/)
  .transform(Number)
const words = z.string().transform((text) =>
  text
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 64),
)
const files = z.object({
  idVendor: hex(4),
  idProduct: hex(4),
  bDeviceClass: hex(2),
  bDeviceSubClass: hex(2),
  bDeviceProtocol: hex(2),
  busnum: number,
  devnum: number,
})

/** Without hubs, by place. */
export async function listUsb(folder: string): Promise<readonly HostUsbDevice[]> {
  const places = (await readdir(folder)).filter((name) => place.test(name)).sort()
  const found = await Promise.all(places.map((at) => readDevice(folder, at)))
  return found.flatMap((device) => (device === null || device.classes.includes(hub) ? [] : [device]))
}

async function readDevice(folder: string, at: string): Promise<HostUsbDevice | null> {
  const read = (...path: readonly string[]): Promise<string | null> => readFile(join(folder, at, ...path), 'latin1').catch(() => null)
  const raw = Object.fromEntries(await Promise.all(Object.keys(files.shape).map(async (name) => [name, await read(name)] as const)))
  const parsed = files.safeParse(raw)
  if (!parsed.success) return null
  const { idVendor, idProduct, bDeviceClass, bDeviceSubClass, bDeviceProtocol, busnum, devnum } = parsed.data
  const inside = await readdir(join(folder, at)).catch(() => [])
  const interfaces = inside.filter((name) => name.startsWith(`${at}:`))
  const classes = await Promise.all(interfaces.map(async (name) => hex(2).safeParse(await read(name, 'bInterfaceClass'))))
  if (classes.some(({ success }) => !success)) return null
  const byte = (text: string) => Number.parseInt(text, 16)
  const own = deviceClass(byte(bDeviceClass), byte(bDeviceSubClass), byte(bDeviceProtocol))
  const all = new Set([...own, ...classes.flatMap(({ data }) => (data === undefined ? [] : [data]))])
  const name = [await read('manufacturer'), await read('product')].map((text) => words.parse(text ?? '')).filter((text) => text !== '')
  return { at, bus: busnum, address: devnum, vendor: idVendor, product: idProduct, classes: [...all].sort(), name: name.join(' ') }
}
