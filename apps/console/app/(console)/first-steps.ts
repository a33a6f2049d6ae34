// SPDX-License-Identifier: Apache-2.0

export interface FirstSteps {
  readonly machines: number
  readonly packages: number
  readonly policies: number
  readonly releases: number
  readonly assignments: number
  readonly devices: number
}

/** From nothing to a desktop on a device, each step done or not by what there is. */
export function firstSteps(there: FirstSteps) {
  return [
    { label: 'Make a machine', about: 'upload its disk, or take the demo guest', href: '/machines', done: there.machines > 0 },
    { label: 'Seal and approve a package', about: 'from the machine’s page', href: '/machines', done: there.packages > 0 },
    { label: 'Write and approve a policy', about: 'what its users may do', href: '/policies', done: there.policies > 0 },
    { label: 'Release a desktop', about: 'the package under the policy', href: '/releases/new', done: there.releases > 0 },
    { label: 'Assign it', about: 'to everybody, a user, a group, a device', href: '/desktops', done: there.assignments > 0 },
    { label: 'Enrol a device', about: 'by an enrolment code', href: '/devices/enrol', done: there.devices > 0 },
  ]
}
