import { readFileSync } from 'node:fs';

// Prints the runner's totals as "N passed, N failed, N skipped"; fails unless something ran and nothing failed.
// A file that broke before its first test counts as one failure, since the runner has no test to blame; so does a
// run that ended badly (second argument: its exit code) although every test passed, as after an unhandled rejection.
const [resultsFile, runnerExitCode = '0'] = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
let complaint;

try {
  const report = JSON.parse(readFileSync(resultsFile, 'utf8'));
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  totals.passed = report.numPassedTests;
  totals.failed = report.numFailedTests + brokenFiles.length;
  totals.skipped = report.numPendingTests + report.numTodoTests;

  for (const file of brokenFiles) console.log(`broken: ${file.name}: ${file.message.split('\n')[0]}`);
  for (const test of report.testResults.flatMap((file) => file.assertionResults)) {
    if (['pending', 'skipped', 'todo', 'disabled'].includes(test.status))
      console.log(`skipped: ${test.fullName}`);
  }
  if (runnerExitCode !== '0' && totals.failed === 0 && totals.passed > 0) {
    console.log(`broken: the test run as a whole (exit code ${runnerExitCode}), outside any test`);
    totals.failed = 1;
  }
  if (totals.passed + totals.failed === 0) complaint = 'No test ran.';
} catch (error) {
  complaint = `The test runner left no totals: ${error.message}`;
}

if (complaint) console.log(complaint);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = complaint || totals.failed > 0 ? 1 : 0;
