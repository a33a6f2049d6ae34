// SPDX-License-Identifier: Apache-2.0
import { access, constants, realpath, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { EngineError, type EngineErrorCode } from '../error.ts'
import { type Box, systemFolders } from './containment.ts'

/** Programs of the host that this backend needs, as absolute paths. */
export interface Installation {
  readonly bubblewrap: string
  readonly qemu: string
  readonly qemuImg: string
  /** Absent where it is not installed: machines then start by BIOS only. */
  readonly uefi?: UefiFiles | undefined
  /** `swtpm`; absent where it is not installed: machines then have no TPM. */
  readonly tpm?: string | undefined
}

export interface UefiFiles {
  readonly code: string
  /** What a store of variables begins as. */
  readonly variables: string
}

/** Only folders that a package manager writes to; PATH is never asked where, since it may name a user's folder. */
export const programFolders: readonly string[] = ['/usr/bin', '/usr/sbin']
/** Of OVMF (2.x) for machines of 4 MiB flash, without Secure Boot, as Debian and Arch place it. */
const uefiFiles: readonly UefiFiles[] = [
  { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  { code: '/usr/share/edk2/x64/OVMF_CODE.4m.fd', variables: '/usr/share/edk2/x64/OVMF_VARS.4m.fd' },
]
/** Of what a UEFI of 4 MiB remembers. */
export const uefiVariablesBytes = 540_672
const firmwareFiles = ['/usr/share/seabios/bios-256k.bin', '/usr/share/qemu/bios-256k.bin']

/**
 * @param searchPath PATH, which is asked whether: a computer that is to do without QEMU takes it off PATH. Unset, all is allowed.
 * @throws EngineError `engine-missing`, `containment-missing` or `firmware-missing` that names the program or file.
 */
export async function findInstallation(folders: readonly string[], searchPath = process.env.PATH): Promise<Installation> {
  const program = 'qemu-system-x86_64'
  const onPath = searchPath?.split(delimiter).map((folder) => join(folder, program))
  if (onPath !== undefined) await firstOf(onPath, constants.X_OK, 'engine-missing', `\`${program}\``)
  const qemu = await findProgram(folders, program, 'engine-missing')
  const qemuImg = await findProgram(folders, 'qemu-img', 'engine-missing')
  const bubblewrap = await findProgram(folders, 'bwrap', 'containment-missing')
  await firstOf(firmwareFiles, constants.R_OK, 'firmware-missing', 'SeaBIOS (`bios-256k.bin`)')
  const tpm = await findProgram(folders, 'swtpm', 'engine-missing').catch(() => undefined)
  return { bubblewrap, qemu, qemuImg, uefi: await findUefi(), tpm }
}

/** The first whose files are both there and as large as they are to be. */
export async function findUefi(): Promise<UefiFiles | undefined> {
  for (const { code, variables } of uefiFiles) {
    try {
      await access(code, constants.R_OK)
      if ((await stat(variables)).size === uefiVariablesBytes) return { code: await realpath(code), variables: await realpath(variables) }
    } catch {
      // The next place may have it.
    }
  }
  return undefined
}

/** A box around `program` that holds nothing of the host but what the program itself is made of. */
export function emptyBox(installation: Installation, program: string): Box {
  return { bubblewrap: installation.bubblewrap, program, systemFolders, readOnly: [], writable: [], devices: [], memoryFiles: [] }
}

export function findProgram(folders: readonly string[], name: string, code: EngineErrorCode): Promise<string> {
  const candidates = folders.map((folder) => join(folder, name))
  return firstOf(candidates, constants.X_OK, code, `\`${name}\``)
}

async function firstOf(candidates: readonly string[], mode: number, code: EngineErrorCode, what: string): Promise<string> {
  const failures: unknown[] = []
  for (const path of candidates) {
    try {
      await access(path, mode)
      // The file itself: QEMU looks for its firmware relative to where it lies.
      return await realpath(path)
    } catch (error) {
      failures.push(error)
    }
  }
  throw new EngineError(code, `${what} is not installed; looked for ${candidates.join(' and ')}`, new AggregateError(failures))
}
