insert into audit (actor, action, subject, detail) values (%(actor)s, %(action)s, %(subject)s, %(detail)s);
