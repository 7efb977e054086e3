#!/usr/bin/perl
# A legacy caller on SOAP::Lite: the scenario of tests/clients/README.md, one JSON document a step.
# SOAP::Lite's own stubs know rpc/encoded only, so document/literal callers build the body by hand, as here; the WSDL
# gives them the address. Reads name=value arguments; must not know what the right answers are.
use strict;
use warnings;
use utf8;
use JSON::PP;
use SOAP::Lite;

my %given = map { utf8::decode($_); split /=/, $_, 2 } @ARGV;
my ($API, $OBJECT) = ('http://api.zuora.com/', 'http://object.api.zuora.com/');
my @WANTED = qw(Id Amount Comment CreatedDate EffectiveDate PaymentNumber ReferenceId Status);
my $day = $given{dates} eq 'date' ? $given{day} : "$given{day}T00:00:00-08:00";
my $json = JSON::PP->new->canonical->ascii;
$| = 1;

my $wsdl = $given{wsdl} =~ m{://} ? $given{wsdl} : "file://$given{wsdl}";
my $services = SOAP::Schema->new(schema_url => $wsdl)->parse->services;
my ($stub) = values %{ $services->{ZuoraService} };
SOAP::Lite->soapversion($given{soap});    # before the first object is made: its serializer takes it from there
my $soap = SOAP::Lite->new(proxy => $stub->{endpoint}->value, autotype => 0, readable => 0)->on_action(sub { '""' });
$soap->on_fault(sub { $_[1] });
$soap->serializer->register_ns($API, 'zns');
$soap->serializer->register_ns($OBJECT, 'ons');
my @headers;

sub tell_ { my ($step, %told) = @_; print $json->encode({ step => $step, %told }), "\n" }
sub leaf { my ($name, $value) = @_; SOAP::Data->name($name)->value(SOAP::Utils::encode_data($value)) }
sub tree { my ($name, @children) = @_; SOAP::Data->name($name => \SOAP::Data->value(@children)) }
sub fields { my %fields = @_; map { leaf("ons:$_", $fields{$_}) } sort keys %fields }
sub header { my ($name, $child, $value) = @_; SOAP::Header->name("zns:$name" => \leaf("zns:$child", $value)) }
sub call { my ($operation, @arguments) = @_; $soap->call(SOAP::Data->name("zns:$operation"), @arguments, @headers) }

sub zobject {
    my ($type, @children) = @_;
    return tree('zns:zObjects', @children)->attr({ 'xsi:type' => "ons:$type" });
}

sub payment {
    my ($amount, $comment, @more) = @_;
    my %fields = (
        AccountId => $given{account}, Amount => $amount, EffectiveDate => $day, PaymentMethodId => $given{method},
        Status => 'Processed', Type => 'External', defined $comment ? (Comment => $comment) : (),
    );
    return zobject('Payment', fields(%fields), @more);
}

sub refund {
    my ($of, $amount) = @_;
    return zobject('Refund',
        fields(Amount => $amount, MethodType => 'Check', PaymentId => $of, RefundDate => $day, Type => 'External'));
}

sub saved {
    my ($som, $errors, $id, $success) = (@_, qw(Errors Id Success));
    return map { {
        success => ($_->{$success} eq 'true' ? JSON::PP::true : JSON::PP::false),
        id => $_->{$id},
        errors => [
            map { { code => $_->{Code}, message => $_->{Message}, field => $_->{Field} } }
                ref $_->{$errors} eq 'ARRAY' ? @{ $_->{$errors} } : $_->{$errors} || ()
        ],
    } } $som->valueof('//result');
}

sub page {
    my ($som) = @_;
    my $result = $som->valueof('//result');
    my @rows = $som->valueof('//result/records');
    return (
        done => ($result->{done} eq 'true' ? JSON::PP::true : JSON::PP::false),
        size => 0 + $result->{size},
        locator => $result->{queryLocator} || undef,
        records => [
            map { my $row = $_; +{ type => ref $row || 'null', map { $_ => ref $row ? $row->{$_} : undef } @WANTED } } @rows
        ],
    );
}

sub fault {
    my ($step, $som) = @_;
    return tell_($step, answered => $som->result) unless $som->fault;
    my $detail = $som->faultdetail || $som->valueof('//Fault/Detail');
    my ($kind) = keys %$detail;
    tell_($step,
        code => $som->faultcode || $som->valueof('//Fault/Code/Subcode/Value') || $som->valueof('//Fault/Code/Value'),
        message => $som->faultstring || $som->valueof('//Fault/Reason/Text'), kind => $kind,
        detail_code => $detail->{$kind}{FaultCode}, detail_message => $detail->{$kind}{FaultMessage});
}

my $login = call('login', leaf('zns:username', $given{user}), leaf('zns:password', $given{password}))->result;
tell_('login', session => $login->{Session}, server_url => $login->{ServerUrl});
$soap->proxy($login->{ServerUrl});
my $session = header('SessionHeader', 'session', $login->{Session});
@headers = ($session);

my $part = tree('zns:InvoicePayment', fields(Amount => '12.50', InvoiceId => $given{invoice}));
my $paid = call('create',
    payment('12.50', $given{comment}, tree('ons:InvoicePaymentData', $part)),
    payment('7.25', $given{comment}, fields(AppliedInvoiceAmount => '7.25', InvoiceId => $given{memo})));
my @paid = saved($paid);
tell_('pay', rows => \@paid);
my $id = $paid[0]{id};
tell_('refund', rows => [saved(call('create', refund($id, '2.5'), refund($given{credit}, '3')))]);
my $wanted = join ', ', @WANTED;
tell_('query', page(call('query', leaf('zns:queryString', "select $wanted from Payment where Id = '$id'"))));

@headers = ($session, header('QueryOptions', 'batchSize', 2));
my $all = "select Id, Amount from Payment where AccountId = '$given{account}'";
my @pages = ({ page(call('query', leaf('zns:queryString', $all))) });
while (!$pages[-1]{done}) {
    push @pages, { page(call('queryMore', leaf('zns:queryLocator', $pages[-1]{locator}))) };
}
tell_('page', pages => \@pages);
@headers = ($session);
tell_('empty', page(call('query', leaf('zns:queryString', "select Id from Payment where ReferenceId = 'there is none'"))));

my $draft = payment('40', undef, fields(AppliedInvoiceAmount => '40', InvoiceId => $given{draft}));
tell_('row_error', rows => [saved(call('create', $draft))]);
my $deleted = call('delete', leaf('zns:type', 'Payment'), leaf('zns:ids', $id));
tell_('delete', rows => [saved($deleted, qw(errors id success))]);
fault('malformed', call('query', leaf('zns:queryString', 'BADQ')));
@headers = (header('SessionHeader', 'session', 'expired'));
my $memo = payment('1', undef, fields(AppliedInvoiceAmount => '1', InvoiceId => $given{memo}));
fault('bad_session', call('create', $memo));
