export interface Example {
  name: string
  query: string
}

/** Questions to begin with, as the editor shows them. */
export const examples: readonly [Example, ...Example[]] = [
  {
    name: 'What is due next?',
    query: `# Each metered field costs one unit of the key above.
{
  upcomingTaxDates(countries: [AU, GB], days: 60, first: 5) {
    edges { node { dueDate shiftedBy obligation { country taxType rule } } }
  }
}
`,
  },
  {
    name: 'Why is a date that day?',
    query: `# Every step from the rule to the day, and where it was read: one unit.
{
  taxDates(country: AU, year: 2026, first: 3) {
    edges {
      node {
        dueDate
        statutoryDate
        movedBy { kind date name calendar }
        obligation { taxType rule sources { name url readOn } }
      }
    }
  }
}
`,
  },
  {
    name: 'Which duties does a country have?',
    query: `# One unit, however many countries.
{
  countries {
    code
    obligations { id taxType action taxpayer category }
  }
}
`,
  },
  {
    name: 'How much was used?',
    query: `# About the use of the API: costs nothing.
{
  account {
    name
    apiKeys { name tier monthlyLimit status lastUsedAt }
  }
}
`,
  },
  {
    name: 'Usage as it moves',
    query: `# A subscription: each change of any key's total. Costs nothing.
subscription {
  liveUsage { apiKeyId monthRequests monthlyLimit remaining resetsAt }
}
`,
  },
]
