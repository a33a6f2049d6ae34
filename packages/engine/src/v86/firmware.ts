// SPDX-License-Identifier: Apache-2.0
import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EngineError } from '../error.ts'

/** Paths of files. */
export interface Firmware {
  readonly bios: string
  readonly vgaBios: string
  readonly dsdt: string
}

const shipped = fileURLToPath(new URL('../../../../firmware', import.meta.url))

/** Beside the sources where it was shipped with them, else where Debian's `seabios` puts it. */
export const firmwareFolder = (): Promise<string> =>
  access(join(shipped, 'bios.bin')).then(
    () => shipped,
    () => '/usr/share/seabios',
  )

/** @throws EngineError `firmware-missing` that names the package to install. */
export async function requireFirmware(folder: string): Promise<Firmware> {
  const firmware = { bios: join(folder, 'bios.bin'), vgaBios: join(folder, 'vgabios-stdvga.bin'), dsdt: join(folder, 'acpi-dsdt.aml') }
  for (const path of Object.values(firmware)) {
    await access(path, constants.R_OK).catch((error: unknown) => {
      throw new EngineError('firmware-missing', `\`${path}\` cannot be read: install the Debian package \`seabios\``, error)
    })
  }
  return firmware
}
