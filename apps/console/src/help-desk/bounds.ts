// SPDX-License-Identifier: Apache-2.0
import { PolicyError } from '@casemate/policy/error'
import type { SettingLookup } from '@casemate/policy/layers'
import { defaultValues, type SettingValues } from '@casemate/policy/settings'

/** How far the policies let a help desk go (PO-6, PO-22); where that cannot be told, nowhere: it must not keep a lease from being issued. */
export function overrideBounds(setting: SettingLookup): Pick<SettingValues, 'overrides' | 'moved-instances'> {
  try {
    return { overrides: setting('overrides'), 'moved-instances': setting('moved-instances') }
  } catch (error) {
    if (error instanceof PolicyError && error.code === 'network-rules-too-many') return defaultValues
    throw error
  }
}
