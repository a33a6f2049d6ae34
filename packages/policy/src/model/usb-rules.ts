// SPDX-License-Identifier: Apache-2.0
//
// PO-13: which USB devices of the host a guest may have. In one table the most specific entry decides: vendor and product, then class, then
// the general rule. Tables of several layers stand side by side: allowed is what every table allows.
import { z } from 'zod'

const action = z.enum(['allow', 'block'])
const hex = (digits: number, what: string) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${digits}}$`))
    .describe(what)

const usbTable = z.strictObject({
  general: action.describe('For what no entry names'),
  classes: z
    .array(
      z.strictObject({
        class: hex(2, 'Class code of usb.org in hexadecimal, such as `08` for mass storage'),
        action: action.describe('What holds for it'),
      }),
    )
    .max(256)
    .refine((entries) => isUnique(entries.map((entry) => entry.class)), 'expected each class once')
    .describe('By class of the device or of any of its interfaces'),
  devices: z
    .array(
      z.strictObject({
        vendor: hex(4, 'Vendor in hexadecimal, such as `046d`'),
        product: hex(4, 'Product in hexadecimal'),
        action: action.describe('What holds for it'),
      }),
    )
    .max(1000)
    .refine((entries) => isUnique(entries.map(deviceKey)), 'expected each device once')
    .describe('By vendor and product'),
})

/** Of all layers together. */
export const mostUsbTables = 200

export const usbSetting = z.strictObject({ tables: z.array(usbTable).min(1).max(mostUsbTables).describe('Each of them must allow a device') })

export type UsbTable = z.infer<typeof usbTable>
export type UsbSetting = z.infer<typeof usbSetting>

/** Of a descriptor: class codes of the device and of all its interfaces. */
export interface UsbDevice {
  readonly vendor: string
  readonly product: string
  readonly classes: readonly string[]
}

export const noUsb: UsbSetting = { tables: [{ general: 'block', classes: [], devices: [] }] }

/** Whether every table allows it; of several classes in one table, a blocked one decides. */
export function usbAllows({ tables }: UsbSetting, device: UsbDevice): boolean {
  return tables.every((table) => actionFor(table, device) === 'allow')
}

function actionFor({ general, classes, devices }: UsbTable, { vendor, product, classes: found }: UsbDevice): UsbTable['general'] {
  const named = devices.find((entry) => entry.vendor === vendor && entry.product === product)
  if (named !== undefined) return named.action
  const listed = classes.filter((entry) => found.includes(entry.class))
  if (listed.length === 0) return general
  // A class that no entry names falls under the general rule beside those that are named.
  const unlisted = found.some((code) => classes.every((entry) => entry.class !== code))
  return listed.some((entry) => entry.action === 'block') || (unlisted && general === 'block') ? 'block' : 'allow'
}

/** What both allow, in normal form: entries sorted, those that say nothing new dropped, no table twice. */
export function meetUsb(one: UsbSetting, other: UsbSetting): UsbSetting {
  const tables = [...one.tables, ...other.tables].map(normalTable)
  if (tables.some(blocksAll)) return noUsb
  const texts = new Map(tables.filter((table) => !allowsAll(table)).map((table) => [JSON.stringify(table), table]))
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, table]) => table)
  return { tables: sorted.length === 0 ? [{ general: 'allow', classes: [], devices: [] }] : sorted }
}

export function blocksUsb(setting: UsbSetting): boolean {
  return setting.tables.some((table) => blocksAll(normalTable(table)))
}

export function usbWords(setting: UsbSetting): string {
  return blocksUsb(setting) ? 'none' : setting.tables.map(tableWords).join('; and ')
}

function tableWords({ general, classes, devices }: UsbTable): string {
  const words = (wanted: UsbTable['general']) => [
    ...classes.filter((entry) => entry.action === wanted).map((entry) => `class ${entry.class}`),
    ...devices.filter((entry) => entry.action === wanted).map(deviceKey),
  ]
  const [exceptions, but] = general === 'allow' ? [words('block'), words('allow')] : [words('allow'), words('block')]
  const head = general === 'allow' ? `all${exceptions.length === 0 ? '' : ` but ${exceptions.join(', ')}`}` : `only ${exceptions.join(', ')}`
  return but.length === 0 ? head : `${head}, ${general === 'allow' ? 'yet' : 'yet never'} ${but.join(', ')}`
}

function normalTable({ general, classes, devices }: UsbTable): UsbTable {
  const allSame = [...classes, ...devices].every((entry) => entry.action === general)
  if (allSame) return { general, classes: [], devices: [] }
  return {
    general,
    classes: [...classes].sort((a, b) => (a.class < b.class ? -1 : 1)),
    devices: [...devices].sort((a, b) => (deviceKey(a) < deviceKey(b) ? -1 : 1)),
  }
}

const blocksAll = ({ general, classes, devices }: UsbTable): boolean => general === 'block' && classes.length + devices.length === 0
const allowsAll = ({ general, classes, devices }: UsbTable): boolean => general === 'allow' && classes.length + devices.length === 0
const deviceKey = ({ vendor, product }: { readonly vendor: string; readonly product: string }): string => `${vendor}:${product}`
const isUnique = (keys: readonly string[]): boolean => new Set(keys).size === keys.length
