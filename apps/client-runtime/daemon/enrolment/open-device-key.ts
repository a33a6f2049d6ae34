// SPDX-License-Identifier: Apache-2.0
//
// The key of this device, wherever it is kept. The file says which kind it is, so that opening it tries nothing else.
import { chmod } from 'node:fs/promises'
import type { DeviceKey } from '@casemate/policy/device-key'
import { parseStrictJson } from '@casemate/policy/strict-json'
import { z } from 'zod'
import type { Layout } from '../../layout.ts'
import type { DaemonRequest } from '../../local-api.ts'
import { RuntimeError } from '../error.ts'
import { readBytes, writeState } from '../state-file.ts'
import { type KeyKeeping, makeSoftwareKey, openPlainKey, openSealedKey, type SoftwareKeeping } from './device-key-file.ts'
import { sealedDeviceKey } from './sealed-device-key.ts'
import { makeTpmDeviceKey, openTpmDeviceKey, type TpmDeviceKeyFile, TpmKeys, tpmDeviceKeyFile } from './tpm-device-key.ts'
import { TpmTools } from './tpm-tools.ts'

export interface OpenedKey {
  readonly key: DeviceKey
  readonly keeping: KeyKeeping | 'tpm'
  /** Of a key in a TPM: what can be shown of it. */
  readonly tpm?: { readonly file: TpmDeviceKeyFile; readonly keys: TpmKeys }
}

/** `auto`: in a TPM where one works. Undefined: the kind that is there, else in software. */
export type WantedKey = DaemonRequest<'enrol'>['key']

const anyFormat = z.looseObject({ format: z.string() })

/**
 * @param keeping how a software key is kept here
 * @returns undefined where there is none.
 * @throws RuntimeError `device-key-elsewhere`, `state-altered`; PolicyError `key-invalid`, `tpm-invalid`
 */
export async function openDeviceKey(layout: Layout, keeping: SoftwareKeeping): Promise<OpenedKey | undefined> {
  const bytes = await readBytes(layout.deviceKey)
  if (bytes === undefined) return undefined
  await chmod(layout.deviceKey, 0o600)
  const file = readFormat(bytes, layout)
  switch (file.format) {
    case 'casemate-tpm-device-key-1':
      return await openTpm(parse(file, tpmDeviceKeyFile, layout), layout)
    case 'casemate-sealed-device-key-1':
      return { key: await openSealedKey(parse(file, sealedDeviceKey, layout), layout), keeping: 'sealed' }
    default:
      return await openPlainKey(bytes.toString('utf8'), layout, keeping)
  }
}

/**
 * For a device that is not enrolled: the key that is there, or a new one, durable before it is returned. One of another kind than is wanted
 * makes room: this computer has no record of an enrolment with it.
 * @throws as {@link openDeviceKey}; RuntimeError `sealing-key-failed`; with `tpm` `tpm-missing`, `tpm-failed`, `tpm-not-carried`
 */
export async function openOrMakeDeviceKey(layout: Layout, keeping: SoftwareKeeping, wanted?: WantedKey): Promise<OpenedKey> {
  const kept = await openDeviceKey(layout, keeping)
  if (kept !== undefined && (wanted === undefined || wanted === 'auto' || (wanted === 'tpm') === (kept.keeping === 'tpm'))) return kept
  if (wanted === 'tpm' || (wanted === 'auto' && keeping !== 'carried')) {
    try {
      return await makeTpm(layout, keeping)
    } catch (error) {
      if (wanted === 'tpm' || !isWithoutTpm(error)) throw error
    }
  }
  return { key: await makeSoftwareKey(layout, keeping), keeping }
}

async function makeTpm(layout: Layout, keeping: SoftwareKeeping): Promise<OpenedKey> {
  if (keeping === 'carried') throw new RuntimeError('tpm-not-carried', 'a stick goes from computer to computer, and a TPM stays')
  const file = await makeTpmDeviceKey(await TpmTools.open(layout.tpm))
  const opened = await openTpm(file, layout)
  await writeState(layout.deviceKey, file)
  return opened
}

async function openTpm(file: TpmDeviceKeyFile, layout: Layout): Promise<OpenedKey> {
  const keys = new TpmKeys(file, await TpmTools.open(layout.tpm))
  return { key: await openTpmDeviceKey(file, keys), keeping: 'tpm', tpm: { file, keys } }
}

const isWithoutTpm = (error: unknown) => error instanceof RuntimeError && (error.code === 'tpm-missing' || error.code === 'tpm-failed')

function readFormat(bytes: Buffer, layout: Layout): z.infer<typeof anyFormat> {
  try {
    return anyFormat.parse(parseStrictJson(new Uint8Array(bytes), { maxBytes: 16_384, maxDepth: 4 }))
  } catch {
    // The cause is dropped: it may quote a secret.
    throw altered(layout)
  }
}

function parse<T>(file: object, schema: z.ZodType<T>, layout: Layout): T {
  const parsed = schema.safeParse(file)
  if (parsed.success) return parsed.data
  throw altered(layout)
}

function altered(layout: Layout): RuntimeError {
  return new RuntimeError('state-altered', `expected the key of this device in \`${layout.deviceKey}\`, found something else`)
}
