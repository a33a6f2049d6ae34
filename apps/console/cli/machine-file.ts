// SPDX-License-Identifier: Apache-2.0
//
// machine.yaml: the hardware of a machine and how its disks are attached. Strict: no unknown field, no key twice, no alias.
import { diskController, type Hardware, hardware, hardwareProblem } from '@casemate/vm-package/hardware'
import { diskName, type ManifestDisk } from '@casemate/vm-package/manifest'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { AdminError } from './error.ts'
import { readSmallFile } from './files.ts'

const machine = z
  .strictObject({ ...hardware.shape, disks: z.record(diskName, z.strictObject({ controller: diskController })) })
  .superRefine(({ disks, ...described }, context) => {
    const problem = hardwareProblem(described, Object.values(disks), false)
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
  })

export interface MachineFile {
  readonly hardware: Hardware
  /** By disk name. */
  readonly controllers: ReadonlyMap<string, ManifestDisk['controller']>
}

/** @throws AdminError `machine-invalid`, `file-unreadable` */
export async function readMachineFile(path: string): Promise<MachineFile> {
  const parsed = machine.safeParse(parseYaml(path, (await readSmallFile(path, 65_536)).toString('utf8')))
  if (!parsed.success) throw new AdminError('refused', 'machine-invalid', `\`${path}\`: ${z.prettifyError(parsed.error)}`, parsed.error)
  const { disks, ...described } = parsed.data
  return { hardware: described, controllers: new Map(Object.entries(disks).map(([name, { controller }]) => [name, controller])) }
}

function parseYaml(path: string, text: string): unknown {
  const document = parseDocument(text, { version: '1.2', schema: 'core', strict: true, uniqueKeys: true })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw new AdminError('refused', 'machine-invalid', `\`${path}\`: ${problem.message}`, problem)
  try {
    return document.toJS({ maxAliasCount: 0 })
  } catch (cause) {
    throw new AdminError('refused', 'machine-invalid', `\`${path}\`: expected no aliases`, cause)
  }
}
