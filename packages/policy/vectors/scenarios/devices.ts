// SPDX-License-Identifier: Apache-2.0
//
// PO-9, by name and with denials, and PO-12 to PO-14.
import { closedPlan } from '../../src/decision/launch-plan.ts'
import type { UsbTable } from '../../src/model/usb-rules.ts'
import { minute, type RuleValue, type Scenario, type WrittenRule } from '../scenario.ts'
import { bothWays, type Enforced, engineWith, met, organisation } from './enforced.ts'

const { drives } = closedPlan
const noSticks: UsbTable = { general: 'allow', classes: [{ class: '08', action: 'block' }], devices: [] }
const oneStick: UsbTable = { general: 'block', classes: [], devices: [{ vendor: '0781', product: '5567', action: 'allow' }] }
const blocked: UsbTable = { general: 'block', classes: [], devices: [] }
const usb = (...tables: readonly UsbTable[]): WrittenRule => ({ setting: 'usb', value: { tables: [...tables] } })

type Listed = Extract<RuleValue<'network'>, { mode: 'listed' }>
const network = (lists: Partial<Listed>): Listed => ({ mode: 'listed', allow: [], ...lists })
const networkRule = (lists: Partial<Listed>): WrittenRule => ({ setting: 'network', value: network(lists) })
const all = { protocol: 'tcp' as const, cidr: '0.0.0.0/0', ports: [443, 443] as [number, number] }
const intranet = { protocol: 'tcp' as const, cidr: '10.0.0.0/8', ports: null }
const ports = (port: number): [number, number] => [port, port]
const hostOnly = (from: number, to: number): Extract<RuleValue<'network'>, { mode: 'host-only' }> => ({
  mode: 'host-only',
  allowHost: [{ protocol: 'tcp', ports: [from, to] }],
})
const lan = (name: string): WrittenRule => ({ setting: 'network', value: { mode: 'isolated', lan: name } })

const enforced: readonly Enforced[] = [
  {
    ...{ name: 'network-domain', about: 'Servers by name', row: 'PO-9', capabilities: ['network:listed', 'network:domain'] },
    rule: networkRule({ allowDomains: [{ protocol: 'tcp', domain: '*.example.com', ports: ports(443) }] }),
    plan: { network: network({ allowDomains: [{ protocol: 'tcp', domain: '*.example.com', ports: ports(443) }] }) },
  },
  {
    ...{ name: 'network-deny', about: 'Everything but the intranet', row: 'PO-9', capabilities: ['network:listed', 'network:deny'] },
    rule: networkRule({ allow: [all], deny: [intranet] }),
    plan: { network: network({ allow: [all], deny: [intranet] }) },
  },
  {
    ...{ name: 'network-host-only', about: 'The host alone, at one port', row: 'WS-4', capabilities: ['network:host-only'] },
    rule: { setting: 'network', value: hostOnly(8080, 8080) },
    plan: { network: hostOnly(8080, 8080) },
  },
  {
    ...{ name: 'network-host-too', about: 'Servers, and the host at one port', row: 'WS-4', capabilities: ['network:listed', 'network:host-only'] },
    rule: networkRule({ allow: [intranet], allowHost: hostOnly(8080, 8080).allowHost }),
    plan: { network: network({ allow: [intranet], allowHost: hostOnly(8080, 8080).allowHost }) },
  },
  {
    ...{ name: 'network-isolated', about: 'A network of the computer alone', row: 'WS-4', capabilities: ['network:isolated'] },
    rule: lan('lab'),
    plan: { network: { mode: 'isolated', lan: 'lab' } },
  },
  {
    ...{ name: 'cd-image', about: 'A CD drive for image files', row: 'PO-12', capabilities: ['drive:cd-image'] },
    rule: { setting: 'cd-drive', value: 'image' },
    plan: { drives: { ...drives, cd: 'image' } },
  },
  {
    ...{ name: 'cd-host', about: 'The CD drive of the host', row: 'PO-12', capabilities: ['drive:cd-image', 'drive:cd-host'] },
    rule: { setting: 'cd-drive', value: 'host' },
    plan: { drives: { ...drives, cd: 'host' } },
  },
  {
    ...{ name: 'floppy-image', about: 'A floppy drive for image files', row: 'PO-12', capabilities: ['drive:floppy-image'] },
    rule: { setting: 'floppy-drive', value: 'image' },
    plan: { drives: { ...drives, floppy: 'image' } },
  },
  {
    ...{ name: 'parallel-captured', about: 'A parallel port whose output is kept', row: 'PO-12', capabilities: ['parallel:captured'] },
    rule: { setting: 'parallel-port', value: 'captured' },
    plan: { parallel: 'captured' },
  },
  {
    ...{ name: 'sound-output', about: 'The guest is heard', row: 'PO-12', capabilities: ['sound:output'] },
    rule: { setting: 'sound', value: 'output' },
    plan: { sound: 'output' },
  },
  {
    ...{ name: 'sound-both', about: 'The guest is heard, and hears', row: 'PO-12', capabilities: ['sound:output', 'sound:input'] },
    rule: { setting: 'sound', value: 'both' },
    plan: { sound: 'both' },
  },
  {
    ...{ name: 'usb-one', about: 'One kind of stick', row: 'PO-13', capabilities: ['usb:redirect'] },
    rule: usb(oneStick),
    plan: { usb: { tables: [oneStick] } },
  },
  {
    ...{ name: 'printer', about: 'A printer into a folder', row: 'PO-14', capabilities: ['printer:pdf-folder'] },
    rule: { setting: 'printer', value: 'pdf-folder' },
    plan: { printer: 'pdf-folder' },
  },
]

export const deviceScenarios: readonly Scenario[] = [
  {
    ...{ name: 'devices-default', about: 'Where no rule says anything, no device, on an engine that can do nothing of it' },
    ...{ rows: ['PO-12', 'PO-13', 'PO-14'], layers: organisation(), change: engineWith() },
    expect: { plan: { drives, parallel: 'none', sound: 'none', printer: 'none', serial: 'none', usb: { tables: [blocked] } } },
  },
  ...enforced.flatMap(bothWays),
  met(
    {
      ...{ name: 'network-domain-meet', about: 'Servers by name in one layer, by address in the other: both must hold', row: 'PO-9' },
      capabilities: ['network:listed', 'network:domain'],
      plan: { network: network({ allowDomains: [{ protocol: 'tcp', domain: 'www.example.com', within: '10.0.0.0/8', ports: ports(443) }] }) },
    },
    networkRule({ allow: [intranet] }),
    networkRule({ allowDomains: [{ protocol: 'tcp', domain: 'www.example.com', ports: ports(443) }] }),
  ),
  met(
    {
      ...{ name: 'network-domain-inside', about: 'Names below a name that the other layer lists', row: 'PO-9' },
      capabilities: ['network:listed', 'network:domain'],
      plan: { network: network({ allowDomains: [{ protocol: 'tcp', domain: '*.a.example.com', ports: null }] }) },
    },
    networkRule({ allowDomains: [{ protocol: 'tcp', domain: '*.example.com', ports: null }] }),
    networkRule({ allowDomains: [{ protocol: 'tcp', domain: '*.a.example.com', ports: null }] }),
  ),
  met(
    {
      ...{ name: 'network-domain-apart', about: 'A name is not among those below it', row: 'PO-9', capabilities: [] },
      plan: { network: { mode: 'none' } },
    },
    networkRule({ allowDomains: [{ protocol: 'tcp', domain: '*.example.com', ports: null }] }),
    networkRule({ allowDomains: [{ protocol: 'tcp', domain: 'example.com', ports: null }] }),
  ),
  met(
    {
      ...{ name: 'network-deny-both', about: 'Denied is what either layer denies', row: 'PO-9', capabilities: ['network:listed', 'network:deny'] },
      plan: { network: network({ allow: [all], deny: [intranet, { protocol: 'tcp', cidr: '192.0.2.0/24', ports: null }] }) },
    },
    networkRule({ allow: [all], deny: [intranet] }),
    networkRule({
      allow: [all],
      deny: [
        { protocol: 'tcp', cidr: '192.0.2.0/24', ports: null },
        { protocol: 'tcp', cidr: '10.1.0.0/16', ports: null },
      ],
    }),
  ),
  met(
    {
      ...{ name: 'network-host-meet', about: 'Of a list and of the host alone: what both let through of the host', row: 'WS-4' },
      ...{ capabilities: ['network:host-only'], plan: { network: hostOnly(8080, 8090) } },
    },
    networkRule({ allow: [all], allowHost: hostOnly(8000, 8090).allowHost }),
    { setting: 'network', value: hostOnly(8080, 9000) },
  ),
  met(
    {
      ...{ name: 'network-host-listed', about: 'A list of addresses opens nothing of the host', row: 'WS-4', capabilities: [] },
      plan: { network: { mode: 'none' } },
    },
    networkRule({ allow: [all] }),
    { setting: 'network', value: hostOnly(443, 443) },
  ),
  met(
    {
      ...{ name: 'network-isolated-same', about: 'Two layers name one isolated network', row: 'WS-4', capabilities: ['network:isolated'] },
      plan: { network: { mode: 'isolated', lan: 'lab' } },
    },
    lan('lab'),
    lan('lab'),
  ),
  met(
    {
      ...{ name: 'network-isolated-apart', about: 'Two layers name different isolated networks', row: 'WS-4', capabilities: [] },
      plan: { network: { mode: 'none' } },
    },
    lan('lab'),
    lan('shop'),
  ),
  met(
    {
      ...{ name: 'network-isolated-listed', about: 'An isolated network in one layer, servers in the other', row: 'WS-4', capabilities: [] },
      plan: { network: { mode: 'none' } },
    },
    lan('lab'),
    networkRule({ allow: [all] }),
  ),
  met(
    {
      ...{ name: 'usb-meet', about: 'A device must be allowed by the tables of both layers', row: 'PO-13', capabilities: ['usb:redirect'] },
      plan: { usb: { tables: [noSticks, oneStick] } },
    },
    usb(oneStick),
    usb(noSticks),
  ),
  met(
    { name: 'usb-blocked', about: 'A layer that blocks all', row: 'PO-13', capabilities: [], plan: { usb: { tables: [blocked] } } },
    usb(noSticks),
    usb(blocked),
  ),
  met(
    {
      name: 'drive-meet',
      about: 'The stricter of two',
      row: 'PO-12',
      capabilities: ['drive:cd-image'],
      plan: { drives: { ...drives, cd: 'image' } },
    },
    { setting: 'cd-drive', value: 'host' },
    { setting: 'cd-drive', value: 'image' },
  ),
  ...([0, -1] as const).map((before): Scenario => {
    const change: Scenario['change'] = (input) => {
      engineWith('usb:redirect')(input)
      input.now += 30 * minute + before - minute
      input.facts.clock.system = input.now
    }
    return {
      name: before === 0 ? 'usb-restricted' : 'usb-before-restricted',
      about: before === 0 ? 'Without contact, USB is taken with the network' : 'The second before, it is not',
      ...{ rows: ['PO-5', 'PO-13'], layers: organisation(usb(oneStick)), change },
      expect: { plan: { usb: { tables: [before === 0 ? blocked : oneStick] } } },
    }
  }),
]
