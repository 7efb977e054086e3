// A legacy caller on Node's soap: the scenario of tests/clients/README.md, one JSON document a step.
// Reads name=value arguments; must not know what the right answers are.
'use strict';

const soap = require('soap');

const given = Object.fromEntries(process.argv.slice(2).map((each) => {
  const at = each.indexOf('=');
  return [each.slice(0, at), each.slice(at + 1)];
}));
const API = 'http://api.zuora.com/';
const WANTED = ['Id', 'Amount', 'Comment', 'CreatedDate', 'EffectiveDate', 'PaymentNumber', 'ReferenceId', 'Status'];
// new Date(y, m, d) is midnight on this machine, as an ERP in the tenant's zone has it; it is sent in UTC.
const [year, month, date] = given.day.split('-').map(Number);
const day = given.dates === 'date' ? given.day : new Date(year, month - 1, date).toISOString();

const tell = (step, told) => console.log(JSON.stringify({ step, ...told }));
const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const text = (value) => (value === undefined || value === null ? null : String(value.$value ?? value));

function shown(name, value) {
  if (value instanceof Date) {
    return name === 'EffectiveDate' && given.dates === 'date' ? value.toISOString().slice(0, 10) : value.toISOString();
  }
  return text(value);
}

function errors(listed) {
  return list(listed).map((e) => ({ code: text(e.Code), message: text(e.Message), field: text(e.Field) }));
}

function saved(response) {
  return {
    rows: list(response.result).map((r) => ({
      success: r.Success ?? r.success,
      id: text(r.Id ?? r.id),
      errors: errors(r.Errors ?? r.errors),
    })),
  };
}

function page(result) {
  return {
    done: result.done,
    size: result.size,
    locator: typeof result.queryLocator === 'string' ? result.queryLocator : null,
    records: list(result.records).map((row) => ({
      type: row === null ? 'null' : text(row.attributes?.['xsi:type']),
      ...Object.fromEntries(WANTED.map((name) => [name, row === null ? null : shown(name, row[name])])),
    })),
  };
}

const typed = (type, fields) => ({
  attributes: { 'xsi:type': `ons:${type}` },
  ...fields,
});

const payment = (amount, fields) => typed('Payment', {
  AccountId: given.account,
  Amount: amount,
  EffectiveDate: day,
  PaymentMethodId: given.method,
  Status: 'Processed',
  Type: 'External',
  ...fields,
});

const refund = (of, amount) => typed('Refund', {
  Amount: amount, MethodType: 'Check', PaymentId: of, RefundDate: day, Type: 'External',
});

async function main() {
  const client = await soap.createClientAsync(given.wsdl, { forceSoap12Headers: given.soap === '1.2' });
  const call = async (operation, argument) => (await client[`${operation}Async`](argument))[0];
  const use = (session, batch) => {
    client.clearSoapHeaders();
    client.addSoapHeader({ SessionHeader: { session } }, '', 'zns', API);
    if (batch) client.addSoapHeader({ QueryOptions: { batchSize: batch } }, '', 'zns', API);
  };
  const fault = async (step, operation, argument) => {
    try {
      tell(step, { answered: await call(operation, argument) });
    } catch (caught) {
      const told = caught.root.Envelope.Body.Fault;
      const [[kind, detail]] = Object.entries(told.detail ?? told.Detail).filter(([name]) => name !== 'attributes');
      tell(step, {
        code: text(told.faultcode ?? told.Code.Subcode?.Value ?? told.Code.Value),
        message: text(told.faultstring ?? told.Reason.Text),
        kind,
        detail_code: text(detail.FaultCode),
        detail_message: text(detail.FaultMessage),
      });
    }
  };

  const login = (await call('login', { username: given.user, password: given.password })).result;
  tell('login', { session: text(login.Session), server_url: text(login.ServerUrl) });
  client.setEndpoint(login.ServerUrl);
  use(login.Session);

  const paid = await call('create', {
    zObjects: [
      payment('12.50', {
        Comment: given.comment,
        InvoicePaymentData: { InvoicePayment: { Amount: '12.50', InvoiceId: given.invoice } },
      }),
      payment('7.25', { AppliedInvoiceAmount: '7.25', Comment: given.comment, InvoiceId: given.memo }),
    ],
  });
  tell('pay', saved(paid));
  const id = paid.result[0].Id;
  tell('refund', saved(await call('create', { zObjects: [refund(id, '2.5'), refund(given.credit, '3')] })));
  const one = `select ${WANTED.join(', ')} from Payment where Id = '${id}'`;
  tell('query', page((await call('query', { queryString: one })).result));

  use(login.Session, 2);
  const all = `select Id, Amount from Payment where AccountId = '${given.account}'`;
  const pages = [(await call('query', { queryString: all })).result];
  while (!pages.at(-1).done) {
    pages.push((await call('queryMore', { queryLocator: pages.at(-1).queryLocator })).result);
  }
  tell('page', { pages: pages.map(page) });
  use(login.Session);
  const none = "select Id from Payment where ReferenceId = 'there is none'";
  tell('empty', page((await call('query', { queryString: none })).result));

  const draft = payment('40', { AppliedInvoiceAmount: '40', InvoiceId: given.draft });
  tell('row_error', saved(await call('create', { zObjects: [draft] })));
  tell('delete', saved(await call('delete', { type: 'Payment', ids: [id] })));
  await fault('malformed', 'query', { queryString: 'BADQ' });
  use('expired');
  await fault('bad_session', 'create', {
    zObjects: [payment('1', { AppliedInvoiceAmount: '1', InvoiceId: given.memo })],
  });
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
