// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type ChildConfig, parseChildConfig, parseChildRequest } from './child-config.ts'
import { parseChildReport } from './child-report.ts'

const config: ChildConfig = {
  name: 'vm',
  bios: '/bios.bin',
  vgaBios: '/vgabios.bin',
  dsdt: '/dsdt.aml',
  memoryBytes: 1 << 27,
  disks: [{ name: 'system', socket: '/run/nbd', export: 'system', sizeBytes: 512 }],
  medium: { name: 'medium', socket: '/run/nbd', export: 'medium', sizeBytes: 2048 },
  displaySocket: '/run/display.sock',
  stateSocket: '/run/state.sock',
  serial: true,
  network: { card: 'ne2k', mac: '52:54:00:00:00:01', socket: '/run/net' },
  restore: false,
}

const refusal = expect.objectContaining({ code: 'engine-protocol' })

describe('what the backend tells its child', () => {
  it('is taken whole', () => {
    expect(parseChildConfig(JSON.parse(JSON.stringify(config)))).toEqual(config)
    expect(parseChildConfig({ ...config, network: null, medium: null })).toEqual({ ...config, network: null, medium: null })
    for (const order of [
      { action: 'pause' },
      { action: 'count-disks' },
      ...[64, null].map((kibPerSecond) => ({ action: 'limit-disks', kibPerSecond })),
    ])
      expect(parseChildRequest({ id: 3, ...order })).toEqual({ id: 3, ...order })
  })

  it.each(Object.keys(config))('is refused without `%s`', (name) => {
    expect(() => parseChildConfig(Object.fromEntries(Object.entries(config).filter(([key]) => key !== name)))).toThrow(refusal)
  })

  it('is refused with a field that nobody knows, anywhere', () => {
    expect(() => parseChildConfig({ ...config, extra: 1 })).toThrow(refusal)
    expect(() => parseChildConfig({ ...config, network: { ...config.network, extra: 1 } })).toThrow(refusal)
    expect(() => parseChildConfig({ ...config, disks: [{ ...config.disks[0], extra: 1 }] })).toThrow(refusal)
    expect(() => parseChildRequest({ id: 1, action: 'pause', extra: 1 })).toThrow(refusal)
  })

  it('is refused with an action or card that does not exist', () => {
    expect(() => parseChildRequest({ id: 1, action: 'explode' })).toThrow(refusal)
    for (const rate of [{}, { kibPerSecond: -1 }, { kibPerSecond: '64' }])
      expect(() => parseChildRequest({ id: 1, action: 'limit-disks', ...rate })).toThrow(refusal)
    expect(() => parseChildConfig({ ...config, network: { ...config.network, card: 'e1000' } })).toThrow(refusal)
  })
})

describe('what a child tells', () => {
  it.each<unknown>([
    { type: 'ready' },
    { type: 'done', id: 1 },
    { type: 'counted', id: 1, disks: [{ readBytes: 512, readOperations: 1, writtenBytes: 0, writeOperations: 0 }] },
    { type: 'failed', id: 1, code: 'nbd-closed', message: 'x' },
    { type: 'starved', disk: 'system', message: 'x' },
    { type: 'serial', base64: 'QUI=' },
    { type: 'off', message: 'x' },
  ])('is taken: %j', (report) => {
    expect(parseChildReport(report)).toEqual(report)
  })

  it.each<unknown>([
    { type: 'ready', extra: 1 },
    { type: 'counted', id: 1, disks: [{ readBytes: -1, readOperations: 1, writtenBytes: 0, writeOperations: 0 }] },
    { type: 'done', id: -1 },
    { type: 'failed', id: 1, code: 'overlay-mismatch', message: "a code that is not a child's" },
    { type: 'serial', base64: 'no base64!' },
    { type: 'serial', base64: 'A'.repeat(300_000) },
    { type: 'unknown' },
    null,
  ])('is refused: %j', (report) => {
    expect(() => parseChildReport(report)).toThrow(refusal)
  })
})
