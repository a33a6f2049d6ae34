// SPDX-License-Identifier: Apache-2.0
//
// The catalogue as data for the browser: the form is drawn from the very schemas that the parser checks with.
import { condition } from '@casemate/policy/condition'
import { catalogue, type SettingName, settingNames } from '@casemate/policy/settings'
import { z } from 'zod'
import { asSchema, type ValueSchema } from './value-schema.ts'

export interface SettingForm {
  readonly name: string
  readonly title: string
  readonly row: string
  readonly description: string
  readonly unit: string | null
  readonly schema: ValueSchema
  readonly default: unknown
  /** What holds where no rule sets it. */
  readonly defaultWords: string
  readonly merge: string
}

export function settingForms(): readonly SettingForm[] {
  return settingNames.map(formOf)
}

/** Of a rule's `when`. */
export function conditionForm(): ValueSchema {
  return asSchema(z.toJSONSchema(condition, { io: 'input' }))
}

function formOf<N extends SettingName>(name: N): SettingForm {
  const { row, description, unit, value, default: standing, words, merge } = catalogue[name]
  const title = name.replaceAll('-', ' ')
  return {
    ...{ name, row, description, unit, default: standing, defaultWords: words(standing), merge },
    title: title.charAt(0).toUpperCase() + title.slice(1),
    schema: asSchema(z.toJSONSchema(value, { io: 'input' })),
  }
}
