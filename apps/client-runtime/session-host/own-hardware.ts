// SPDX-License-Identifier: Apache-2.0
//
// What an instance keeps for its machine beside disks: what a UEFI remembers, made once a release from the firmware's template, and what its
// TPM holds, made by the TPM itself at the first start. Both open under keys of the instance alone.
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TpmStorage } from '@casemate/engine/device-spec'
import { EngineError } from '@casemate/engine/error'
import { findUefi, uefiVariablesBytes } from '@casemate/engine/qemu-installation'
import { createFilledOverlay } from '@casemate/engine/qemu-overlay'
import type { DiskStorage } from '@casemate/engine/virtual-machine'
import type { Hardware } from '@casemate/vm-package/hardware'
import { serveNbd } from '@casemate/vm-package/nbd-server'
import type { InstanceLayout } from '../layout.ts'
import { tpmKey, uefiVariablesKey } from './instance-keys.ts'
import { isThere } from './is-there.ts'
import type { OwnHardware } from './vm-spec.ts'

interface Owner {
  readonly layout: InstanceLayout
  readonly instanceKey: Uint8Array
  readonly packageSha256: string
  readonly runtimeFolder: string
}

/** @throws EngineError `firmware-missing`, and what making an overlay throws */
export async function openOwnHardware(owner: Owner, hardware: Hardware): Promise<OwnHardware> {
  return {
    variables: hardware.firmware === 'uefi' ? await openVariables(owner) : null,
    tpm: hardware.tpm === undefined ? null : await openTpm(owner),
  }
}

async function openVariables({ layout, instanceKey, packageSha256, runtimeFolder }: Owner): Promise<DiskStorage> {
  const overlay = { file: layout.uefiVariables(packageSha256), key: uefiVariablesKey(instanceKey, packageSha256) }
  if (!(await isThere(overlay.file))) {
    const found = await findUefi()
    if (found === undefined) throw new EngineError('firmware-missing', 'OVMF, the UEFI of this desktop, is not installed')
    const template = await readFile(found.variables)
    const socketPath = join(runtimeFolder, 'uefi.sock')
    const device = {
      size: template.length,
      readOnly: true,
      read: async (offset: number, length: number) => template.subarray(offset, offset + length),
    }
    const server = await serveNbd({ socketPath, exports: new Map([['variables', device]]), onReadError: () => undefined })
    try {
      await createFilledOverlay({ ...overlay, sizeBytes: uefiVariablesBytes }, { socket: socketPath, name: 'variables' })
    } finally {
      await server.close()
      await rm(socketPath, { force: true })
    }
  }
  return { kind: 'luks-overlay', base: null, ...overlay }
}

async function openTpm({ layout, instanceKey }: Owner): Promise<TpmStorage> {
  await mkdir(layout.tpm, { recursive: true, mode: 0o700 })
  return { folder: layout.tpm, key: tpmKey(instanceKey) }
}
