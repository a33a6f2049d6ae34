// SPDX-License-Identifier: Apache-2.0
//
// The key of this device, wherever it is kept. The file says which kind it is, so that opening it tries nothing else.
import { chmod } from 'node:fs/promises'
import type { DeviceKey } from '@casemate/policy/device-key'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import { RuntimeError } from '../error.ts'
import { readBytes } from '../state-file.ts'
import { type KeyKeeping, makeSoftwareKey, openPlainKey, openSealedKey, type SoftwareKeeping } from './device-key-file.ts'
import { sealedDeviceKey } from './sealed-device-key.ts'

export interface OpenedKey {
  readonly key: DeviceKey
  readonly keeping: KeyKeeping
}

const anyFormat = z.looseObject({ format: z.string() })

/**
 * @param keeping how a software key is kept here
 * @returns undefined where there is none.
 * @throws RuntimeError `device-key-elsewhere`, `state-altered`; PolicyError `key-invalid`
 */
export async function openDeviceKey(layout: Layout, keeping: SoftwareKeeping): Promise<OpenedKey | undefined> {
  const bytes = await readBytes(layout.deviceKey)
  if (bytes === undefined) return undefined
  await chmod(layout.deviceKey, 0o600)
  const file = readFile(bytes, layout.deviceKey)
  if (file.format === 'casemate-sealed-device-key-1') return { key: await openSealedKey(sealedKeyOf(file, layout), layout), keeping: 'sealed' }
  return await openPlainKey(bytes.toString('utf8'), layout, keeping)
}

/** The key that is there, or a new one, durable before it is returned. @throws as {@link openDeviceKey}; RuntimeError `sealing-key-failed` */
export async function openOrMakeDeviceKey(layout: Layout, keeping: SoftwareKeeping): Promise<OpenedKey> {
  return (await openDeviceKey(layout, keeping)) ?? { key: await makeSoftwareKey(layout, keeping), keeping }
}

function readFile(bytes: Buffer, path: string): z.infer<typeof anyFormat> {
  try {
    return anyFormat.parse(parseStrictJson(new Uint8Array(bytes), { maxBytes: 16_384, maxDepth: 4 }))
  } catch {
    // The cause is dropped: it may quote a secret.
    throw new RuntimeError('state-altered', `expected the key of this device in \`${path}\`, found something else`)
  }
}

function sealedKeyOf(file: object, layout: Layout): z.infer<typeof sealedDeviceKey> {
  const parsed = sealedDeviceKey.safeParse(file)
  if (parsed.success) return parsed.data
  throw new RuntimeError('state-altered', `expected a sealed key of this device in \`${layout.deviceKey}\`, found something else`)
}
