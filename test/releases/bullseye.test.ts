import { defineReleaseTests } from './define-tests';

defineReleaseTests('bullseye');
