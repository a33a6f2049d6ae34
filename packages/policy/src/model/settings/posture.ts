// SPDX-License-Identifier: Apache-2.0
//
// What the host must be like, and what is left of the network where it is not, or where a package is not the newest: PO-10 and PO-11.
import { z } from 'zod'
import { meetNetworks } from '../network-rules.ts'
import { networkCapabilities, networkSetting, networkWords } from '../network-setting.ts'
import { compareOsVersions, normalOsVersion, osVersion } from '../os-version.ts'
import { none, setting } from '../setting.ts'

const processName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
const filePath = z
  .string()
  .max(256)
  .regex(/^\/[A-Za-z0-9._/+-]+$/)
  .refine((path) => !path.split('/').includes('..'), 'expected a path without `..`')
const unique = (list: readonly string[]) => new Set(list).size === list.length

const system = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,31}$/)
    .describe('`ID` of os-release, such as `debian`'),
  atLeast: osVersion.describe('Its oldest version, such as `12`'),
})

const posture = z.strictObject({
  systems: z
    .array(system)
    .max(50)
    .refine((list) => unique(list.map(({ name }) => name)), 'expected each system once')
    .nullable()
    .describe('The host must be one of them; null is any, an empty list is none'),
  diskEncrypted: z.boolean().describe("Whether the runtime's data must lie on an encrypted disk"),
  screenLock: z.boolean().describe('Whether the host must lock its screen by itself'),
  processes: z.array(processName).max(50).refine(unique, 'expected each name once').describe('Programs that must be running, by name'),
  files: z.array(filePath).max(50).refine(unique, 'expected each path once').describe('Files that must be there'),
  otherwise: z.enum(['quarantine', 'refuse']).describe('What happens where one of it does not hold'),
})

export type Posture = z.infer<typeof posture>

const quarantine = z.strictObject({
  whenOutdated: z.boolean().describe('Whether a desktop that runs on while a newer package is released is quarantined'),
  network: networkSetting.describe('What of its network a quarantined guest keeps'),
})

export const postureSettings = {
  posture: setting({
    row: 'PO-11',
    description: 'What the host must be like; what the runtime cannot find out counts as not so',
    unit: null,
    value: posture,
    default: { systems: null, diskEncrypted: false, screenLock: false, processes: [], files: [], otherwise: 'refuse' },
    merge: 'strictest',
    meet: meetPosture,
    checked: ['power-on', 'running'],
    capabilities: none,
    needs: null,
    words: postureWords,
  }),
  quarantine: setting({
    row: 'PO-10',
    description: 'What is left of the network to a guest whose package is not the newest, or whose host fails its posture',
    unit: null,
    value: quarantine,
    default: { whenOutdated: false, network: { mode: 'none' } },
    merge: 'strictest',
    meet: (one, other) => ({ whenOutdated: one.whenOutdated || other.whenOutdated, network: meetNetworks(one.network, other.network) }),
    checked: ['power-on', 'running'],
    capabilities: ({ network }) => networkCapabilities(network),
    needs: 'what its rules need, as those of `network`: `network:listed`, `network:domain`, `network:deny`, `network:host-only`, `network:isolated`',
    words: ({ whenOutdated, network }) => `${networkWords(network)}, ${whenOutdated ? 'also with an older package' : 'by posture alone'}`,
  }),
}

function meetPosture(one: Posture, other: Posture): Posture {
  return {
    systems: meetSystems(one.systems, other.systems),
    diskEncrypted: one.diskEncrypted || other.diskEncrypted,
    screenLock: one.screenLock || other.screenLock,
    processes: union(one.processes, other.processes),
    files: union(one.files, other.files),
    otherwise: one.otherwise === 'refuse' ? 'refuse' : other.otherwise,
  }
}

/** Systems that both take, each from the newer version on. */
function meetSystems(one: Posture['systems'], other: Posture['systems']): Posture['systems'] {
  if (one === null || other === null) return one === other ? null : meetSystems(one ?? other, one ?? other)
  const both = one.flatMap(({ name, atLeast }) => {
    const same = other.find((entry) => entry.name === name)
    return same === undefined ? [] : { name, atLeast: normalOsVersion(compareOsVersions(atLeast, same.atLeast) >= 0 ? atLeast : same.atLeast) }
  })
  return both.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const union = (one: readonly string[], other: readonly string[]): string[] => [...new Set([...one, ...other])].sort()

function postureWords({ systems, diskEncrypted, screenLock, processes, files, otherwise }: Posture): string {
  const wanted = [
    systems === null
      ? []
      : [systems.length === 0 ? 'no system at all' : systems.map(({ name, atLeast }) => `${name} ${atLeast} or newer`).join(' or ')],
    diskEncrypted ? ['an encrypted disk'] : [],
    screenLock ? ['a screen that locks itself'] : [],
    processes.map((name) => `\`${name}\` running`),
    files.map((path) => `the file \`${path}\``),
  ].flat()
  return wanted.length === 0 ? 'whatever the host is like' : `with ${wanted.join(', ')}; else ${otherwise === 'refuse' ? 'refused' : 'quarantined'}`
}
