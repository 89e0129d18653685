import type { Caller, Deps } from '../context.ts'
import { access } from '../rules/access.ts'
import { BadInput } from '../rules/bad-input.ts'
import { dayName } from '../rules/calendar-time.ts'
import {
  type Announcement,
  checkAnnouncement,
  demandNews,
} from '../rules/tax/check-announcement.ts'
import { chooseChanges, findTaxDateChanges } from '../rules/tax/find-tax-date-changes.ts'
import type { AnnouncedChange } from '../rules/tax/tax-date-change.ts'
import { builder } from '../schema/builder.ts'
import { CountryCodeType } from '../schema/country-code.ts'
import { TaxDateType } from '../schema/tax.ts'
import { pageArguments } from '../schema/tax-arguments.ts'
import {
  AnnounceTaxDateChangeInput,
  TaxDateChangeConnectionType,
  TaxDateChangeType,
} from '../schema/tax-date-change.ts'

const choiceArguments = builder.args((t) => ({
  countries: t.field({ type: [CountryCodeType], description: 'Any of these; not empty.' }),
  obligationIds: t.idList({
    description: 'Any of these; not empty. A notice that concerns no obligation is left out then.',
  }),
}))

builder.objectField(TaxDateChangeType, 'taxDates', (t) =>
  t.field({
    type: [TaxDateType],
    description:
      'The dates of that obligation and period as they stand now, of all regions; empty where the duty was withdrawn, and for a notice that concerns no obligation.',
    resolve: (change, _args, { deps }) => [...deps.taxHistory.datesOf(change)],
  }),
)

builder.queryField('taxDateChanges', (t) =>
  t.field({
    type: TaxDateChangeConnectionType,
    nullable: true,
    description: 'What was announced, newest first. 1 unit.',
    args: { ...choiceArguments, ...pageArguments },
    extensions: access(['apiKey', 'account'], 1),
    resolve: (_root, { countries, obligationIds, ...page }, { deps: { taxHistory } }) => {
      const chosen = chooseChanges(taxHistory.fromRules(), { countries, obligationIds })
      return findTaxDateChanges(taxHistory.changes(), chosen, page)
    },
  }),
)

builder.mutationField('announceTaxDateChange', (t) =>
  t.field({
    type: TaxDateChangeType,
    nullable: true,
    description:
      'Enters what an authority announced: the API says so from now on, and the subscriptions are told. Nothing is ever removed; a later announcement takes an earlier one back. The very same one as holds already is refused.',
    args: { input: t.arg({ type: AnnounceTaxDateChangeInput, required: true }) },
    extensions: access(['admin']),
    resolve: (_root, { input }, { deps, caller }) =>
      deps.taxDateChanges.announce(checked(deps, input), nameOf(caller)),
  }),
)

builder.queryField('previewTaxDateChange', (t) =>
  t.field({
    type: [TaxDateType],
    nullable: true,
    description:
      'The dates of that obligation and period, of all regions, as they would stand after this announcement; refused where that would be. Nothing is entered.',
    args: { input: t.arg({ type: AnnounceTaxDateChangeInput, required: true }) },
    extensions: access(['admin']),
    resolve: (_root, { input }, { deps }) => {
      const announced = checked(deps, input)
      const earlier = deps.taxHistory.changes()
      demandNews(announced, earlier)
      const id = String(Number(earlier.at(-1)?.id ?? 0) + 1)
      const change = { ...announced, id, enteredAt: deps.clock() }
      return [...deps.taxHistory.datesAround(change).after]
    },
  }),
)

builder.subscriptionField('taxDateChanged', (t) =>
  t.field({
    type: TaxDateChangeType,
    description:
      'Each change once, in the order of entry: with after those entered since, and then those that come.',
    args: {
      ...choiceArguments,
      after: t.arg.id({
        description:
          'Id of the last change that was received; 0: from the first on. Left out: only new ones.',
      }),
    },
    extensions: access(['apiKey', 'account']),
    subscribe: (_root, { countries, obligationIds, after }, { deps }) => {
      const chosen = chooseChanges(deps.taxHistory.fromRules(), { countries, obligationIds })
      return deps.taxDateChanges.subscribe(chosen, after == null ? null : numberOf(after))
    },
    resolve: (change) => change,
  }),
)

type Input = Omit<Announcement, 'source'> & {
  source: { name: string; url: string; readOn: string }
}

function checked({ taxHistory, clock }: Deps, { source, ...input }: Input): AnnouncedChange {
  const { name, url, readOn } = source
  const announcement = { ...input, source: { name, url, read: readOn } }
  return checkAnnouncement(taxHistory.fromRules(), announcement, dayName(clock()))
}

/** Who is on record as having entered it. */
function nameOf(caller: Caller): string {
  return caller.kind === 'account' ? caller.account._id : 'admin'
}

function numberOf(id: string): number {
  if (/^(0|[1-9]\d{0,14})$/.test(id)) return Number(id)
  throw new BadInput('after: is not the id of a change')
}
