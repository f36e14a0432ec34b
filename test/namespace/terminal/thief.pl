#!/usr/bin/perl
# Stands for a program that OpenNebula's user could have exchanged or traced: tries what it can on root's terminal, and
# writes down what it got of root (thief.ts). Then it answers what it was told to, or ends in error.
use strict;
use warnings;

my $notes = '/mnt/notes';
my ($name) = $0 =~ m{([^/]+)$};
my %got = (name => $name, uid => $<);

# Only a process with a controlling terminal can open this; then it is root's.
if (open my $terminal, '+<', '/dev/tty') {
    my $key = '~';
    # TIOCSTI of asm-generic/ioctls.h: as though it were typed.
    ioctl $terminal, 0x5412, $key;
    $got{terminal} = 'opened';
} else {
    $got{terminal} = "$!";
}

my @descriptors;
for my $number (0 .. 255) {
    my $target = readlink "/proc/self/fd/$number" or next;
    # Perl's own way to its script.
    next if $target =~ m{/\Q$name\E$};
    push @descriptors, "$number $target";
}
$got{descriptors} = \@descriptors;
$got{variables} = [sort keys %ENV];

sub json {
    my ($value) = @_;
    return '[' . join(',', map { json($_) } @$value) . ']' if ref $value;
    $value =~ s/(["\\])/\\$1/g;
    return "\"$value\"";
}
my $line = '{' . join(',', map { "\"$_\":" . json($got{$_}) } sort keys %got) . "}\n";
open my $out, '>>', "$notes/got" or die;
# The next one may be another user.
chmod 0666, "$notes/got";
syswrite $out, $line;

print STDERR "\e]0;stolen\a \xc2\x9bstolen\n";
exit 1 unless open my $answer, '<', "$notes/$name";
print while <$answer>;
