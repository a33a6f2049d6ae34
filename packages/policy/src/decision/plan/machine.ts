// SPDX-License-Identifier: Apache-2.0
//
// PO-15 to PO-20 in a plan: what passes between guest and host, how it is shown, what its user may do, what becomes of its disks.
import { z } from 'zod'
import type { SettingValues } from '../../model/settings.ts'

const bytes = z.int().min(0).max(67_108_864)
const names = z.array(z.string().min(1).max(64)).max(1000)
const limit = z.int().min(1).nullable()

export const machineMembers = {
  /** Besides text on the clipboard; pictures by their size in bytes, 0 for none. */
  sharing: z.strictObject({
    images: z.strictObject({ toGuest: bytes, fromGuest: bytes }),
    dragAndDrop: z.strictObject({ toGuest: z.boolean(), fromGuest: z.boolean() }),
    folders: z.enum(['read-write', 'read-only', 'none']),
  }),
  screen: z.strictObject({
    mode: z.enum(['window', 'full-screen', 'kiosk']),
    watermark: z.enum(['none', 'device-and-user']),
    screenshots: z.enum(['allowed', 'refused']),
  }),
  /** What the session offers its user besides closing it. */
  powerCommands: z.strictObject({ pause: z.boolean(), reset: z.boolean(), powerButton: z.boolean() }),
  snapshots: z.strictObject({ take: z.boolean(), revert: z.boolean() }),
  diskChanges: z.enum(['kept', 'discarded']),
  /** Null: no limit. */
  limits: z.strictObject({ processorPercent: limit, diskGrowthMiB: limit, diskKiBPerSecond: limit, networkKbitPerSecond: limit }),
  scripts: z.strictObject({ powerOn: names, powerOff: names, seconds: z.int().min(1).max(300) }),
  guestInfo: z.strictObject({ toGuest: names, fromGuest: names, maxBytes: z.int().min(0).max(4096) }),
}

export type MachinePlan = z.infer<z.ZodObject<typeof machineMembers>>

export const closedMachine: MachinePlan = {
  sharing: { images: { toGuest: 0, fromGuest: 0 }, dragAndDrop: { toGuest: false, fromGuest: false }, folders: 'none' },
  screen: { mode: 'window', watermark: 'none', screenshots: 'refused' },
  powerCommands: { pause: false, reset: false, powerButton: false },
  snapshots: { take: false, revert: false },
  diskChanges: 'kept',
  limits: { processorPercent: null, diskGrowthMiB: null, diskKiBPerSecond: null, networkKbitPerSecond: null },
  scripts: { powerOn: [], powerOff: [], seconds: 30 },
  guestInfo: { toGuest: [], fromGuest: [], maxBytes: 0 },
}

export function planMachine(values: SettingValues): MachinePlan {
  return {
    sharing: { images: values['clipboard-images'], dragAndDrop: values['drag-and-drop'], folders: values['shared-folders'] },
    screen: { mode: values['screen-mode'], watermark: values.watermark, screenshots: values.screenshots },
    powerCommands: values['power-commands'],
    snapshots: values.snapshots,
    diskChanges: values['disk-changes'],
    limits: {
      processorPercent: values.processor.most,
      diskGrowthMiB: values['disk-growth'].most,
      diskKiBPerSecond: values['disk-rate'].most,
      networkKbitPerSecond: values['network-rate'].most,
    },
    scripts: values.scripts,
    guestInfo: values['guest-info'],
  }
}

/** Of these members a running VM takes every change at once; the others are fixed when it is opened. */
export type MachineAction =
  | { readonly do: 'set-sharing'; readonly sharing: MachinePlan['sharing'] }
  | { readonly do: 'set-screen'; readonly screen: MachinePlan['screen'] }
  | { readonly do: 'set-power-commands'; readonly powerCommands: MachinePlan['powerCommands'] }
  | { readonly do: 'set-snapshots'; readonly snapshots: MachinePlan['snapshots'] }
  | { readonly do: 'set-limits'; readonly limits: MachinePlan['limits'] }

export function machineActions(running: MachinePlan, { sharing, screen, powerCommands, snapshots, limits }: MachinePlan): readonly MachineAction[] {
  const actions: MachineAction[] = []
  if (differs(running.sharing, sharing)) actions.push({ do: 'set-sharing', sharing })
  if (differs(running.screen, screen)) actions.push({ do: 'set-screen', screen })
  if (differs(running.powerCommands, powerCommands)) actions.push({ do: 'set-power-commands', powerCommands })
  if (differs(running.snapshots, snapshots)) actions.push({ do: 'set-snapshots', snapshots })
  if (differs(running.limits, limits)) actions.push({ do: 'set-limits', limits })
  return actions
}

/** Both sides come from one function that writes its members in one order. */
export function differs(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other)
}

/** The way back of {@link planMachine}. */
export function machineSettingsOf({ sharing, screen, powerCommands, snapshots, diskChanges, limits, scripts, guestInfo }: MachinePlan) {
  return {
    'clipboard-images': sharing.images,
    'drag-and-drop': sharing.dragAndDrop,
    'shared-folders': sharing.folders,
    'screen-mode': screen.mode,
    watermark: screen.watermark,
    screenshots: screen.screenshots,
    'power-commands': powerCommands,
    snapshots,
    'disk-changes': diskChanges,
    processor: { most: limits.processorPercent },
    'disk-growth': { most: limits.diskGrowthMiB },
    'disk-rate': { most: limits.diskKiBPerSecond },
    'network-rate': { most: limits.networkKbitPerSecond },
    scripts,
    'guest-info': guestInfo,
  } satisfies Partial<SettingValues>
}
