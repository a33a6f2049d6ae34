// SPDX-License-Identifier: Apache-2.0
//
// drizzle-kit reads this module's exports: a table that is missing here has no migration (a test compares them).
import { defineTables } from '../tables/define-tables.ts'
import { sqliteKit } from './kit.ts'

export const {
  organisations,
  users,
  machines,
  machineDisks,
  policies,
  policyVersions,
  packages,
  desktops,
  releases,
  assignments,
  activationSecrets,
  desktopSecrets,
  devices,
  enrolmentCodes,
  leases,
  instances,
  overrides,
  rescueCodes,
  escrowShares,
  journalHeads,
  reports,
  auditEntries,
  jobs,
  tpmAuthorities,
} = defineTables(sqliteKit)
