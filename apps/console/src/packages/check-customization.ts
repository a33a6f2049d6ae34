// SPDX-License-Identifier: Apache-2.0
//
// What a package would refuse of customization files, before anything is sealed; nothing of them is kept.
import { askedSecrets, type CustomizationFile, checkFile, encodeTemplate } from '@casemate/vm-package/customization'
import { PackageError } from '@casemate/vm-package/error'
import { type Operator, requireRight } from '../access/actor.ts'

export interface CustomizationCheck {
  readonly faults: readonly {
    /** From 0; null: all of them together. */
    readonly file: number | null
    readonly message: string
  }[]
  /** Names of the secrets that a desktop of the package must have; none while there are faults. */
  readonly secrets: readonly string[]
}

export function checkCustomization(actor: Operator, files: readonly CustomizationFile[]): CustomizationCheck {
  requireRight(actor, 'package:stage')
  const single = files.flatMap((one, file) => faultOf(file, () => checkFile(one)))
  const faults = single.length > 0 || files.length === 0 ? single : faultOf(null, () => encodeTemplate(files))
  return { faults, secrets: faults.length > 0 ? [] : askedSecrets(files) }
}

function faultOf(file: number | null, check: () => unknown): CustomizationCheck['faults'] {
  try {
    check()
    return []
  } catch (error) {
    if (error instanceof PackageError && error.code === 'customization-invalid') return [{ file, message: error.message }]
    throw error
  }
}
