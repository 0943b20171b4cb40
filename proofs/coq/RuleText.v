(** How claims of T-RULE are written, and that nothing else is written like them. *)
From Coq Require Import QArith String List.
From Certify Require Import Language RuleClaim Reader.
Import ListNotations.
Local Open Scope nat_scope.
Local Open Scope list_scope.

Definition print_comparison (c : comparison) : list word :=
  [spelled (if strict c then "positive" else "nonnegative"); numeral (compared c)].
Definition print_rule (r : rule) : list word :=
  spelled "when" :: print_list print_comparison (conditions r) ++
  spelled "then" :: print_list print_comparison (conclusions r).
Definition print_rules (c : rule_claim) : list word :=
  spelled "domain" :: print_list print_pair (domain c) ++
  spelled "decisions" :: print_list print_node (decisions c) ++
  spelled "rules" :: print_list print_rule (rules c).

Ltac next_word H := apply (f_equal (@tl word)) in H; cbn [tl app] in H; rewrite <- ?app_assoc in H.
Lemma code_comparison : code print_comparison.
Proof.
  intros [[|] j] [[|] k] r s H; cbn [print_comparison strict compared app] in H;
    try (apply (f_equal (hd [])) in H; discriminate H);
    next_word H; change (print_nat j ++ r = print_nat k ++ s) in H; apply code_nat in H; destruct H as [<- H]; auto.
Qed.
Lemma code_rule : code print_rule.
Proof.
  intros [a b] [a' b'] r s H. unfold print_rule in H. cbn [conditions conclusions app] in H. rewrite <- !app_assoc in H.
  next_word H. apply (code_list _ code_comparison) in H. destruct H as [<- H].
  next_word H. apply (code_list _ code_comparison) in H. destruct H as [<- H]. auto.
Qed.
Lemma rules_injective a b : print_rules a = print_rules b -> a = b.
Proof.
  intros H. rewrite <- (app_nil_r (print_rules a)), <- (app_nil_r (print_rules b)) in H.
  destruct a as [d p l], b as [d' p' l']. unfold print_rules in H. cbn [domain decisions rules app] in H.
  rewrite <- !app_assoc in H. next_word H. apply (code_list _ code_pair) in H. destruct H as [<- H].
  next_word H. apply (code_list _ code_node) in H. destruct H as [<- H].
  next_word H. apply (code_list _ code_rule) in H. destruct H as [<- H]. reflexivity.
Qed.
