// SPDX-License-Identifier: Apache-2.0
//
// PO-12 to PO-14 in a plan: which of the host's devices the guest has, besides its serial port.
import { z } from 'zod'
import type { SettingValues } from '../../model/settings.ts'
import { noUsb, usbSetting } from '../../model/usb-rules.ts'
import { differs } from './machine.ts'

const drive = z.enum(['host', 'image', 'none'])

export const deviceMembers = {
  drives: z.strictObject({ cd: drive, floppy: drive }),
  parallel: z.enum(['none', 'captured']),
  sound: z.enum(['both', 'output', 'none']),
  printer: z.enum(['pdf-folder', 'none']),
  /** A device must be allowed by every table. */
  usb: usbSetting,
}

export type DevicePlan = z.infer<z.ZodObject<typeof deviceMembers>>

export const closedDevices: DevicePlan = { drives: { cd: 'none', floppy: 'none' }, parallel: 'none', sound: 'none', printer: 'none', usb: noUsb }

export function planDevices(values: SettingValues): DevicePlan {
  return {
    drives: { cd: values['cd-drive'], floppy: values['floppy-drive'] },
    parallel: values['parallel-port'],
    sound: values.sound,
    printer: values.printer,
    usb: values.usb,
  }
}

/** The way back of {@link planDevices}. */
export function deviceSettingsOf({ drives, parallel, sound, printer, usb }: DevicePlan) {
  return {
    'cd-drive': drives.cd,
    'floppy-drive': drives.floppy,
    'parallel-port': parallel,
    sound,
    printer,
    usb,
  } satisfies Partial<SettingValues>
}

/** A running VM takes them at once: a medium is taken out, a USB device that is no longer allowed is detached, the rest is cut off. */
export type DeviceAction =
  | { readonly do: 'set-drives'; readonly drives: DevicePlan['drives'] }
  | { readonly do: 'set-parallel'; readonly parallel: DevicePlan['parallel'] }
  | { readonly do: 'set-sound'; readonly sound: DevicePlan['sound'] }
  | { readonly do: 'set-printer'; readonly printer: DevicePlan['printer'] }
  | { readonly do: 'set-usb'; readonly usb: DevicePlan['usb'] }

export function deviceActions(running: DevicePlan, { drives, parallel, sound, printer, usb }: DevicePlan): readonly DeviceAction[] {
  const actions: DeviceAction[] = []
  if (differs(running.drives, drives)) actions.push({ do: 'set-drives', drives })
  if (running.parallel !== parallel) actions.push({ do: 'set-parallel', parallel })
  if (running.sound !== sound) actions.push({ do: 'set-sound', sound })
  if (running.printer !== printer) actions.push({ do: 'set-printer', printer })
  if (differs(running.usb, usb)) actions.push({ do: 'set-usb', usb })
  return actions
}
