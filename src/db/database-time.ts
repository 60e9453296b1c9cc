/** So many milliseconds from now by the clock of the database, for updates by pipeline; clocks of machines do not matter. */
export const fromDatabaseNow = (ms: unknown) => ({
  $dateAdd: { startDate: '$$NOW', unit: 'millisecond', amount: ms },
});
