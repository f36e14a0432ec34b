import { defineReleaseTests } from './define-tests';

defineReleaseTests('trixie');
