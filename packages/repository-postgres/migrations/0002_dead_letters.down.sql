drop table dead_letters;
drop table dead_letter_count;
drop function count_dead_letters();
