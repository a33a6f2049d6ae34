// SPDX-License-Identifier: Apache-2.0
import { day, noPassword, now, type RuleValue, type Scenario, type WrittenRule } from '../scenario.ts'

type Network = RuleValue<'network'>
const listed = (...allow: Extract<Network, { mode: 'listed' }>['allow']): Network => ({ mode: 'listed', allow })

const withRules = (
  name: string,
  about: string,
  row: string,
  rules: readonly WrittenRule[],
  expect: Scenario['expect'],
  change?: Scenario['change'],
): Scenario => ({
  name,
  about,
  rows: [row],
  layers: [{ layer: 'organisation', rules: [noPassword, ...rules] }],
  expect,
  ...(change === undefined ? {} : { change }),
})

const twoNetworks = (name: string, about: string, organisation: Network, group: Network, network: Network): Scenario => ({
  name,
  about,
  rows: ['PO-9', 'PO-25'],
  layers: [
    { layer: 'organisation', rules: [noPassword, { setting: 'network', value: organisation }] },
    { layer: 'group', selector: { group: 'staff' }, rules: [{ setting: 'network', value: group }] },
  ],
  expect: { plan: { network } },
})

const web = { protocol: 'tcp' as const, cidr: '192.0.2.0/24', ports: [443, 443] as [number, number] }
const clip = (allowed: boolean, maxBytes: number) => ({ allowed, maxBytes })

/** A package with a q35 and a TPM. @param given hardware of each of the host's engines */
const hardware = (name: string, about: string, given: readonly (readonly string[])[], expect: Scenario['expect']): Scenario =>
  withRules(name, about, 'PO-19', [], expect, ({ release, facts }) => {
    release.machine.needs = ['chipset:q35', 'tpm']
    facts.engines = facts.engines.map((engine, index) => {
      const has = given[index]
      return has === undefined ? engine : { ...engine, hardware: [...has] }
    })
  })

export const machineScenarios: readonly Scenario[] = [
  withRules('network-default', 'Where no rule says anything, no network', 'PO-9', [], { plan: { network: { mode: 'none' } } }),
  withRules('network-none', 'No network', 'PO-9', [{ setting: 'network', value: { mode: 'none' } }], { plan: { network: { mode: 'none' } } }),
  withRules('network-listed', 'One server, on the engine that can enforce it', 'PO-9', [{ setting: 'network', value: listed(web) }], {
    plan: { engine: 'qemu', network: listed(web) },
  }),
  withRules(
    'network-listed-unable',
    'No engine of this host can enforce a list',
    'PO-9',
    [{ setting: 'network', value: listed(web) }],
    'capability-missing',
    ({ facts }) => {
      facts.engines = facts.engines.slice(1)
    },
  ),
  withRules(
    'network-listed-second-engine',
    'The first engine cannot enforce a list, the second can',
    'PO-9',
    [{ setting: 'network', value: listed(web) }],
    {
      plan: { engine: 'v86' },
    },
    ({ facts }) => {
      facts.engines = [
        { name: 'qemu', capabilities: [] },
        { name: 'v86', capabilities: ['network:listed', 'suspend'] },
      ]
    },
  ),
  hardware('hardware-given', 'The first engine lacks the hardware of the package, the second has it', [[], ['tpm', 'chipset:q35']], {
    plan: { engine: 'v86' },
  }),
  hardware('hardware-missing', 'No engine has all the hardware of the package', [['chipset:q35'], ['tpm']], 'capability-missing'),
  hardware('hardware-unknown', 'Engines that say nothing of hardware have none but what every engine has', [], 'capability-missing'),
  withRules(
    'network-normal-form',
    'One spelling: rules inside others dropped, all ports as null, sorted',
    'PO-9',
    [
      {
        setting: 'network',
        value: listed(
          { protocol: 'udp', cidr: '2001:DB8:0:0::/32', ports: [53, 53] },
          { protocol: 'tcp', cidr: '192.0.2.7/32', ports: [443, 443] },
          web,
          { protocol: 'tcp', cidr: '192.0.2.9/32', ports: [1, 65_535] },
          { protocol: 'icmp', cidr: '0.0.0.0/0', ports: null },
        ),
      },
    ],
    {
      plan: {
        network: listed(
          { protocol: 'icmp', cidr: '0.0.0.0/0', ports: null },
          web,
          { protocol: 'tcp', cidr: '192.0.2.9/32', ports: null },
          { protocol: 'udp', cidr: '2001:db8::/32', ports: [53, 53] },
        ),
      },
    },
  ),
  twoNetworks(
    'network-meet',
    'Allowed is what both layers list',
    listed({ protocol: 'tcp', cidr: '192.0.2.0/24', ports: [1, 1023] }, { protocol: 'udp', cidr: '192.0.2.0/24', ports: null }),
    listed({ protocol: 'tcp', cidr: '192.0.0.0/16', ports: [443, 8443] }),
    listed({ protocol: 'tcp', cidr: '192.0.2.0/24', ports: [443, 1023] }),
  ),
  twoNetworks(
    'network-meet-ipv6',
    'The same for IPv6',
    listed({ protocol: 'tcp', cidr: '2001:db8::/32', ports: null }),
    listed({ protocol: 'tcp', cidr: '2001:db8:1::/48', ports: [22, 22] }),
    listed({ protocol: 'tcp', cidr: '2001:db8:1::/48', ports: [22, 22] }),
  ),
  twoNetworks(
    'network-meet-nothing',
    'Lists with nothing in common leave no network',
    listed(web),
    listed({ protocol: 'tcp', cidr: '198.51.100.0/24', ports: null }),
    { mode: 'none' },
  ),
  twoNetworks(
    'network-meet-families',
    'An IPv4 block and an IPv6 block have nothing in common',
    listed({ protocol: 'tcp', cidr: '0.0.0.0/0', ports: null }),
    listed({ protocol: 'tcp', cidr: '::/0', ports: null }),
    { mode: 'none' },
  ),
  twoNetworks('network-meet-none', 'A nearer layer cannot list what the organisation forbids', { mode: 'none' }, listed(web), { mode: 'none' }),

  withRules('serial-default', 'Where no rule says anything, no serial port', 'PO-12', [], { plan: { serial: 'none' } }),
  withRules('serial-captured', 'A serial port whose output is kept', 'PO-12', [{ setting: 'serial-port', value: 'captured' }], {
    plan: { serial: 'captured' },
  }),
  withRules(
    'serial-captured-unable',
    'No engine of this host has one',
    'PO-12',
    [{ setting: 'serial-port', value: 'captured' }],
    'capability-missing',
    ({ facts }) => {
      facts.engines = [{ name: 'qemu', capabilities: ['suspend'] }]
    },
  ),

  withRules('clipboard-default', 'Where no rule says anything, nothing passes', 'PO-15', [], {
    plan: { clipboard: { toGuest: clip(false, 0), fromGuest: clip(false, 0) } },
  }),
  withRules('clipboard-to-guest', 'Into the guest only', 'PO-15', [{ setting: 'clipboard-to-guest', value: { maxTextBytes: 4096 } }], {
    plan: { clipboard: { toGuest: clip(true, 4096), fromGuest: clip(false, 0) } },
  }),
  withRules('clipboard-from-guest', 'Out of the guest only', 'PO-15', [{ setting: 'clipboard-from-guest', value: { maxTextBytes: 1 } }], {
    plan: { clipboard: { toGuest: clip(false, 0), fromGuest: clip(true, 1) } },
  }),

  withRules('exit-default', 'Where no rule says anything, closing powers off', 'PO-17', [], { plan: { exit: 'power-off' } }),
  withRules('exit-user', 'The user decides', 'PO-17', [{ setting: 'exit', value: 'user' }], { plan: { exit: 'user' } }),
  withRules('exit-suspend', 'Closing suspends', 'PO-17', [{ setting: 'exit', value: 'suspend' }], { plan: { exit: 'suspend' } }),
  withRules(
    'exit-suspend-unable',
    'No engine of this host can suspend',
    'PO-17',
    [{ setting: 'exit', value: 'suspend' }],
    'capability-missing',
    ({ facts }) => {
      facts.engines = [{ name: 'qemu', capabilities: [] }]
    },
  ),

  withRules('update-suggested', 'A release that says nothing of its update', 'PK-11', [], { plan: { update: undefined } }),
  withRules(
    'update-forced',
    'The plan carries what the release says: how many former ones stay, and from when no other package goes on',
    'PK-11',
    [],
    { plan: { update: { keep: 2, forceAt: now + day } } },
    ({ release }) => {
      release.document.update = { keep: 2, forceAt: now + day }
    },
  ),

  withRules('memory-default', 'What the machine asks for', 'PO-19', [], { plan: { memoryMiB: 512 } }),
  withRules('memory-capped', 'Less than the machine asks for', 'PO-19', [{ setting: 'memory', value: { maxMiB: 256 } }], {
    plan: { memoryMiB: 256 },
  }),
  withRules('memory-below-cap', 'A cap above what the machine asks for gives nothing', 'PO-19', [{ setting: 'memory', value: { maxMiB: 1024 } }], {
    plan: { memoryMiB: 512 },
  }),
]
