// SPDX-License-Identifier: Apache-2.0
import { day, minute, noPassword, now, type Scenario } from '../scenario.ts'

const exact = (code: Scenario['expect'], name: string, about: string, rows: readonly string[], change?: Scenario['change']): Scenario => ({
  name,
  about,
  rows,
  expect: code,
  ...(change === undefined ? {} : { change }),
})
const suspend = (lease: object) =>
  Object.assign(lease, { action: 'suspend', suspension: { why: 'reported lost', contact: 'the help desk of Example' } })
const runs = { plan: { session: 'session-1' } }

export const trustScenarios: readonly Scenario[] = [
  exact(runs, 'runs', 'The desktop from which every other scenario differs', []),

  exact('clock-behind', 'clock-behind', 'The system clock is one second more than five minutes below the floor', ['PO-8'], ({ facts }) => {
    facts.clock.system = facts.clock.floor - 301
  }),
  exact(runs, 'clock-behind-tolerated', 'The system clock is five minutes below the floor', ['PO-8'], ({ facts }) => {
    facts.clock.system = facts.clock.floor - 300
  }),
  exact('clock-behind', 'clock-behind-running', 'The system clock ran back under a running VM', ['PO-8'], ({ facts, request }) => {
    request.kind = 'continue'
    facts.clock.system = facts.clock.floor - day
  }),
  exact(runs, 'clock-ahead', 'A system clock above the floor is no refusal of its own', ['PO-8'], ({ facts }) => {
    facts.clock.system = facts.clock.floor + day
  }),

  exact('lease-missing', 'lease-missing', 'A device without any lease', [], (input) => {
    const holder: { lease: unknown } = input
    holder.lease = null
  }),
  exact('lease-foreign', 'lease-foreign-device', 'A lease made for another device', ['PO-6'], ({ lease }) => {
    lease.sub = 'laptop-2'
  }),
  exact('lease-foreign', 'lease-foreign-key', 'A lease made for a key that this device does not hold', ['PO-6'], ({ lease }) => {
    lease.cnf.jkt = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
  }),
  exact('lease-older', 'lease-older', 'A lease one below the floor', [], ({ lease }) => {
    lease.seq = 39
  }),
  exact(runs, 'lease-newer', 'A lease above the floor', [], ({ lease }) => {
    lease.seq = 41
  }),
  exact('lease-suspended', 'lease-suspended', 'The console suspended the device', ['FL-2'], ({ lease }) => {
    suspend(lease)
  }),
  exact('lease-suspended', 'lease-suspended-running', 'The console suspended the device while a VM runs', ['FL-2'], ({ lease, request }) => {
    request.kind = 'continue'
    suspend(lease)
  }),
  exact('lease-not-yet-valid', 'lease-not-yet-valid', 'A lease issued more than five minutes after the verified time', ['PO-8'], ({ lease }) => {
    lease.iat = now + 301
  }),
  exact(runs, 'lease-just-issued', 'A lease issued five minutes after the verified time', ['PO-8'], ({ lease }) => {
    lease.iat = now + 300
  }),
  exact('lease-expired', 'lease-expired', 'The second at which the lease ends', ['PO-5'], ({ lease }) => {
    lease.exp = now
  }),
  exact(
    { plan: { deadlines: { warnAt: now + 14 * minute, restrictAt: now + 29 * minute, suspendAt: now + 1 } } },
    'lease-last-second',
    'The last second of the lease',
    ['PO-5'],
    ({ lease }) => {
      lease.exp = now + 1
    },
  ),
  exact('repository-behind', 'repository-behind', 'The lease demands a newer snapshot than the device has seen', [], ({ lease }) => {
    lease.tuf.snapshot = 13
  }),
  exact(runs, 'repository-ahead', 'The device has seen a newer timestamp than the lease demands', [], ({ facts }) => {
    facts.repository.timestamp = 31
  }),

  exact('desktop-not-assigned', 'desktop-not-assigned', 'The lease assigns nothing', [], ({ lease }) => {
    lease.assign = []
  }),
  exact('release-older', 'release-older-than-floor', 'A release that was assigned again after a newer one had been seen', ['PK-11'], ({ facts }) => {
    facts.floors.serials = { office: 8 }
  }),
  exact('release-older', 'release-older-than-assigned', 'A release below the one that is assigned', ['PK-11'], ({ lease }) => {
    const [assigned] = lease.assign
    if (assigned !== undefined) Object.assign(assigned, { path: 'releases/office/8.json', serial: 8 })
  }),
  exact('release-mismatch', 'release-newer-than-assigned', 'A release above the one that is assigned', ['PK-11'], ({ lease, facts }) => {
    const [assigned] = lease.assign
    if (assigned !== undefined) Object.assign(assigned, { path: 'releases/office/6.json', serial: 6 })
    facts.floors.serials = { office: 6 }
  }),
  exact('release-mismatch', 'release-other-bytes', 'The serial is the assigned one, the bytes are others', ['PK-1'], ({ release }) => {
    release.sha256 = '00'.repeat(32)
  }),
  exact('release-mismatch', 'release-other-path', 'The release stands under the path of another', ['PK-1'], ({ release }) => {
    release.path = 'releases/office/8.json'
  }),
  exact(runs, 'release-first', 'A desktop that this device has never run', [], ({ facts }) => {
    facts.floors.serials = {}
  }),
  exact(runs, 'package-verified', 'All that was read of the package is as it was approved', ['PO-7'], ({ facts }) => {
    facts.package = 'verified'
  }),
  exact('package-altered', 'package-altered', 'A chunk does not match its hash, and no intact copy is at hand', ['PO-7'], ({ facts }) => {
    facts.package = 'altered'
  }),
  exact('policy-missing', 'policy-missing', 'The document of a layer that applies is not here', ['PO-25'], (input) => {
    input.policies = []
  }),
  exact('policy-missing', 'policy-other-bytes', 'A document stands under the path, with other bytes', ['PO-25'], ({ policies }) => {
    for (const found of policies) found.sha256 = '00'.repeat(32)
  }),
  {
    name: 'policy-missing-elsewhere',
    about: 'The document of a layer that is not for this device is not needed',
    rows: ['PO-25'],
    layers: [
      { layer: 'organisation', rules: [noPassword] },
      { layer: 'group', selector: { group: 'guests' }, rules: [] },
    ],
    change: (input) => {
      input.policies = input.policies.slice(0, 1)
    },
    expect: runs,
  },
  {
    name: 'runtime-too-old-for-policy',
    about: 'A policy that this runtime is too old to understand',
    rows: [],
    layers: [{ layer: 'organisation', rules: [noPassword], minRuntime: '0.1.1' }],
    expect: 'runtime-too-old',
  },
  {
    name: 'runtime-old-enough',
    about: 'A policy that asks for exactly this runtime; 0.10.0 is above 0.9.9',
    rows: [],
    layers: [{ layer: 'organisation', rules: [noPassword], minRuntime: '0.9.9' }],
    change: ({ facts }) => {
      facts.runtimeVersion = '0.10.0'
    },
    expect: runs,
  },
  exact('runtime-too-old', 'runtime-too-old-for-release', 'A release that this runtime is too old to run', [], ({ facts }) => {
    facts.runtimeVersion = '0.0.9'
  }),
  exact('engine-missing', 'engine-missing', 'No engine of this host can contain a VM', [], ({ facts }) => {
    facts.engines = []
  }),
  exact('engine-missing', 'engine-not-here', 'The engine that was asked for is not here', [], ({ facts, request }) => {
    facts.engines = facts.engines.slice(1)
    request.engine = 'qemu'
  }),
  exact({ plan: { engine: 'v86' } }, 'engine-asked-for', 'The engine that was asked for, not the first one', [], ({ request }) => {
    request.engine = 'v86'
  }),
]
