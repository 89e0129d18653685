import { ownAccountId } from '../callers/ownership.ts'
import type { Context } from '../context.ts'
import { access } from '../rules/access.ts'
import { DAY, startOfDay } from '../rules/calendar-time.ts'
import { isRead } from '../rules/tax/dates-read.ts'
import { usageDeadlines } from '../rules/usage-deadlines.ts'
import { daysOfRange } from '../rules/usage-period.ts'
import { builder } from '../schema/builder.ts'
import { CountryCodeType } from '../schema/country-code.ts'
import { UsageDeadlineType } from '../schema/usage-deadline.ts'
import { keysOfAccounts } from '../store/api-keys.ts'
import { datesReadLately } from '../store/dates-read.ts'

/** Use swells in the week before a date; what lies further ahead is what the metered fields are for. */
const DAYS_AHEAD = 14

builder.queryField('usageDeadlines', (t) =>
  t.field({
    type: [UsageDeadlineType],
    nullable: true,
    extensions: access(['account']),
    description:
      'Nationwide due dates of a range, both ends included, at most 92 days and up to 14 days from now, that may explain peaks of calls; those due nearly always are left out.',
    args: {
      startDate: t.arg({ type: 'Date', required: true }),
      endDate: t.arg({ type: 'Date', required: true }),
      countries: t.arg({
        type: [CountryCodeType],
        description:
          'Left out: of what the keys of the account asked for lately, or follow in a calendar feed.',
      }),
    },
    resolve: async (_root, { startDate, endDate, countries }, context) => {
      const { taxHistory, clock } = context.deps
      const range = daysOfRange(startDate, endDate).map((at) => at / DAY)
      const last = startOfDay(clock()) / DAY + DAYS_AHEAD
      const days = range.filter((day) => day <= last)
      const [from, to] = [days[0], days.at(-1)]
      if (from === undefined || to === undefined) return []
      const wanted = countries
        ? (country: string) => (countries as readonly string[]).includes(country)
        : await readByKeys(context)
      return usageDeadlines(taxHistory.current(), [from, to], wanted)
    },
  }),
)

async function readByKeys({
  deps: { db, taxHistory, clock },
  caller,
}: Context): Promise<(country: string, obligationId: string) => boolean> {
  const accountId = ownAccountId(caller)
  const keys = (await keysOfAccounts(db, [accountId])).get(accountId) ?? []
  const ids = keys.map(({ _id }) => _id)
  const read = await datesReadLately(db, ids, taxHistory.current(), clock())
  return (country, obligationId) => isRead(read, country, obligationId)
}
