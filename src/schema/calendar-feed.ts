import type { FeedChoice } from '../rules/tax/feed-choice.ts'
import { builder } from './builder.ts'
import { CountryCodeType } from './country-code.ts'
import { TaxActionType, TaxCategoryType, TaxpayerKindType } from './tax.ts'

/** What the API reads of a feed; never its token. */
export interface CalendarFeedShape {
  _id: string
  apiKeyId: string
  name: string
  lastFour: string
  choice: FeedChoice
  createdAt: Date
  revokedAt: Date | null
}

const allWhenNull = { nullable: true, description: 'Null: all.' } as const

export const CalendarFeed = builder.objectRef<CalendarFeedShape>('CalendarFeed').implement({
  description: 'A private iCalendar feed of due dates, chosen in the words of upcomingTaxDates.',
  fields: (t) => ({
    id: t.exposeID('_id'),
    apiKeyId: t.exposeID('apiKeyId', { description: 'The feed ends when this key is revoked.' }),
    name: t.exposeString('name', { description: "The calendar's name in a subscriber's list." }),
    lastFour: t.exposeString('lastFour', { description: 'Of the token.' }),
    countries: t.field({
      type: [CountryCodeType],
      resolve: ({ choice }) => [...choice.countries],
    }),
    regions: t.stringList({ ...allWhenNull, resolve: ({ choice }) => listed(choice.regions) }),
    obligationIds: t.idList({
      ...allWhenNull,
      resolve: ({ choice }) => listed(choice.obligationIds),
    }),
    categories: t.field({
      ...allWhenNull,
      type: [TaxCategoryType],
      resolve: ({ choice }) => listed(choice.categories),
    }),
    taxTypes: t.stringList({ ...allWhenNull, resolve: ({ choice }) => listed(choice.taxTypes) }),
    taxpayers: t.field({
      ...allWhenNull,
      type: [TaxpayerKindType],
      resolve: ({ choice }) => listed(choice.taxpayers),
    }),
    actions: t.field({
      ...allWhenNull,
      type: [TaxActionType],
      resolve: ({ choice }) => listed(choice.actions),
    }),
    periodEndMonths: t.intList({
      ...allWhenNull,
      resolve: ({ choice }) => listed(choice.periodEndMonths),
    }),
    yearEndMonth: t.int({
      nullable: true,
      description: 'Null: the year ends that are listed by default.',
      resolve: ({ choice }) => choice.yearEndMonth,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime' }),
    revokedAt: t.expose('revokedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'Null: live. A revoked feed is listed for 30 days.',
    }),
  }),
})

function listed<Value>(values: readonly Value[] | null): Value[] | null {
  return values && [...values]
}

export const CreatedCalendarFeed = builder
  .objectRef<{ url: string; token: string; feed: CalendarFeedShape }>('CreatedCalendarFeed')
  .implement({
    fields: (t) => ({
      url: t.exposeString('url', {
        description: 'Subscribe to this address; whoever knows it can read the feed.',
      }),
      token: t.exposeString('token', { description: 'Shown once, kept nowhere.' }),
      feed: t.expose('feed', { type: CalendarFeed }),
    }),
  })

export const CreateCalendarFeedInput = builder.inputType('CreateCalendarFeedInput', {
  description:
    'Which dates the feed shows, in the words of upcomingTaxDates; what is left out shows all.',
  fields: (t) => ({
    apiKeyId: t.id({ required: true }),
    name: t.string({
      required: true,
      description: "The calendar's name in a subscriber's list; at most 100 characters.",
    }),
    countries: t.field({ type: [CountryCodeType], required: true }),
    regions: t.stringList(),
    obligationIds: t.idList(),
    categories: t.field({ type: [TaxCategoryType] }),
    taxTypes: t.stringList(),
    taxpayers: t.field({ type: [TaxpayerKindType] }),
    actions: t.field({ type: [TaxActionType] }),
    periodEndMonths: t.intList(),
    yearEndMonth: t.int(),
  }),
})
