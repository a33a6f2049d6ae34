// SPDX-License-Identifier: Apache-2.0
//
// Every table of the console, over a kit of column builders: one definition for each database. Ids are random text from the
// caller, hashes are hexadecimal, what is signed or hashed is kept as bytes. After a change, write the migrations anew:
// `npx drizzle-kit generate --config drizzle.config.sqlite.ts`.
import type { ColumnKit } from '../sqlite/kit.ts'
import { defineAuditEntries } from './audit.ts'
import { defineActivationSecrets, defineAssignments, defineDesktopSecrets, defineDesktops, defineReleases } from './desktop.ts'
import { defineDevices, defineEnrolmentCodes, defineEscrowShares, defineInstances, defineLeases } from './device.ts'
import { defineOverrides, defineRescueCodes } from './help-desk.ts'
import { defineJobs } from './job.ts'
import { defineMachineDisks, defineMachines } from './machine.ts'
import { defineOrganisations, defineUsers } from './organisation.ts'
import { definePackages } from './package.ts'
import { definePolicies, definePolicyVersions } from './policy.ts'
import { defineJournalHeads, defineReports } from './report.ts'
import { defineTpmAuthorities } from './tpm-authority.ts'

export function defineTables(kit: ColumnKit) {
  const organisations = defineOrganisations(kit)
  const users = defineUsers(kit, organisations)
  const machines = defineMachines(kit, organisations, users)
  const machineDisks = defineMachineDisks(kit, machines)
  const policies = definePolicies(kit, organisations, users)
  const policyVersions = definePolicyVersions(kit, policies, users)
  const packages = definePackages(kit, organisations, machines, users)
  const desktops = defineDesktops(kit, organisations)
  const releases = defineReleases(kit, desktops, packages, users)
  const assignments = defineAssignments(kit, desktops)
  const activationSecrets = defineActivationSecrets(kit, desktops)
  const desktopSecrets = defineDesktopSecrets(kit, desktops)
  const devices = defineDevices(kit, organisations)
  const enrolmentCodes = defineEnrolmentCodes(kit, organisations, users, devices)
  const leases = defineLeases(kit, devices)
  const instances = defineInstances(kit, devices, desktops)
  const overrides = defineOverrides(kit, devices, desktops, users)
  const rescueCodes = defineRescueCodes(kit, devices, users)
  const escrowShares = defineEscrowShares(kit, devices)
  const journalHeads = defineJournalHeads(kit, devices)
  const reports = defineReports(kit, devices)
  const auditEntries = defineAuditEntries(kit, organisations)
  const jobs = defineJobs(kit, organisations)
  const tpmAuthorities = defineTpmAuthorities(kit, organisations)
  return {
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
  }
}

export type Tables = ReturnType<typeof defineTables>
