(** Programs of scalars: what obligations made from a claim are written in, and how they become
    obligations of [Language.v] ([Arranging.v]).

    An operation refers to earlier ones by their numbers, 0 being the oldest; the list has the newest
    first. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Bool Arith.
From Certify Require Import Language.
Import ListNotations.
Local Open Scope R_scope.

Inductive operation :=
| OConst (q : Q) | OVar (i : nat)
| ONeg (a : nat) | OAdd (a b : nat) | OSub (a b : nat) | OMul (a b : nat) | OMax (a b : nat)
| OCall (g : fn) (a : nat) | OStep (a : nat) | OSelect (a b c : nat)
| OQuotient (g : fn) (s t : nat) | OQuotient2 (g : fn) (s t : nat) | OIncrement (g : fn) (s d : nat)
| ORow (row : list Q) (args : list nat) (bias : Q).   (* row . args + bias *)

(** Value number [j] of those computed so far. *)
Definition get (m : list scalar) (j : nat) : scalar := nth j (rev m) None.

(** [x]: the variables; [u]: the choice of this operation; [m]: the values before it. *)
Definition operate (x : list R) (u : R) (m : list scalar) (o : operation) : scalar :=
  match o with
  | OConst q => Some (Q2R q)
  | OVar i => nth_error x i
  | ONeg a => lift1 (fun v => Some (- v)) (get m a)
  | OAdd a b => lift2 (fun v w => Some (v + w)) (get m a) (get m b)
  | OSub a b => lift2 (fun v w => Some (v - w)) (get m a) (get m b)
  | OMul a b => lift2 (fun v w => Some (v * w)) (get m a) (get m b)
  | OMax a b => lift2 (fun v w => Some (Rmax v w)) (get m a) (get m b)
  | OCall g a => lift1 (call g) (get m a)
  | OStep a => lift1 (fun v => Some (step u v)) (get m a)
  | OSelect a b c => select (get m a) (get m b) (get m c)
  | OQuotient g a b => lift2 (quotient u g) (get m a) (get m b)
  | OQuotient2 g a b => lift2 (quotient2 u g) (get m a) (get m b)
  | OIncrement g a b => lift2 (increment g) (get m a) (get m b)
  | ORow row args bias => dot row (map (get m) args) (Q2R bias)
  end.

Fixpoint values (x : list R) (u : nat -> R) (p : list operation) : list scalar :=
  match p with
  | [] => []
  | o :: p' => let m := values x u p' in operate x (u (length p')) m o :: m
  end.

(** The arguments of an operation. *)
Definition arguments (o : operation) : list nat :=
  match o with
  | OConst _ | OVar _ => []
  | ONeg a | OCall _ a | OStep a => [a]
  | OAdd a b | OSub a b | OMul a b | OMax a b | OQuotient _ a b | OQuotient2 _ a b
  | OIncrement _ a b => [a; b]
  | OSelect a b c => [a; b; c]
  | ORow _ args _ => args
  end.
Definition below (n : nat) (l : list nat) : bool := forallb (fun a => Nat.ltb a n) l.
Fixpoint ordered (p : list operation) : bool :=
  match p with [] => true | o :: p' => below (length p') (arguments o) && ordered p' end.

Lemma values_length x u p : length (values x u p) = length p.
Proof. induction p; simpl; auto. Qed.
Lemma get_old v m j : (j < length m)%nat -> get (v :: m) j = get m j.
Proof. intros L. unfold get. simpl. apply app_nth1. now rewrite rev_length. Qed.
Lemma get_new v m : get (v :: m) (length m) = v.
Proof. unfold get. simpl. rewrite app_nth2; rewrite rev_length; [|lia]. now rewrite Nat.sub_diag. Qed.
Lemma get_app m' m j : (j < length m)%nat -> get (m' ++ m) j = get m j.
Proof. intros L. induction m'; simpl; auto. rewrite get_old; auto. rewrite app_length. lia. Qed.
Lemma below_ok n l a : below n l = true -> In a l -> (a < n)%nat.
Proof. unfold below. rewrite forallb_forall. intros H I. apply Nat.ltb_lt. now apply H. Qed.

(** ** Formulas over the values *)

Inductive goal_of :=
| GPositive (j : nat) | GNonnegative (j : nat) | GDefined (j : nat)
| GAnd (a b : goal_of) | GOr (a b : goal_of).
Fixpoint satisfied (m : list scalar) (f : goal_of) : Prop :=
  match f with
  | GPositive j => exists v, get m j = Some v /\ 0 < v
  | GNonnegative j => exists v, get m j = Some v /\ 0 <= v
  | GDefined j => exists v, get m j = Some v
  | GAnd a b => satisfied m a /\ satisfied m b
  | GOr a b => satisfied m a \/ satisfied m b
  end.
Fixpoint atoms (f : goal_of) : list nat :=
  match f with
  | GPositive j | GNonnegative j | GDefined j => [j]
  | GAnd a b | GOr a b => atoms a ++ atoms b
  end.

Record scalar_obligation := ScalarObligation
  { region : list (Q * Q); operations : list operation; wanted : goal_of }.

(** The same of other values. *)
Definition renamed (f : nat -> nat) (o : operation) : operation :=
  match o with
  | OConst q => OConst q | OVar i => OVar i
  | ONeg a => ONeg (f a) | OAdd a b => OAdd (f a) (f b) | OSub a b => OSub (f a) (f b)
  | OMul a b => OMul (f a) (f b) | OMax a b => OMax (f a) (f b)
  | OCall g a => OCall g (f a) | OStep a => OStep (f a) | OSelect a b c => OSelect (f a) (f b) (f c)
  | OQuotient g a b => OQuotient g (f a) (f b) | OQuotient2 g a b => OQuotient2 g (f a) (f b)
  | OIncrement g a b => OIncrement g (f a) (f b)
  | ORow row args bias => ORow row (map f args) bias
  end.

(** ** Writing programs *)

Definition put (o : operation) (p : list operation) : list operation * nat := (o :: p, length p).
(** Several operations, of which none needs another. *)
Fixpoint puts (l : list operation) (p : list operation) : list operation * list nat :=
  match l with
  | [] => (p, [])
  | o :: l' => let (p', js) := puts l' (o :: p) in (p', length p :: js)
  end.

Definition extends (p p' : list operation) : Prop := exists q, p' = q ++ p.
Lemma extends_refl p : extends p p. Proof. now exists []. Qed.
Lemma extends_trans p q r : extends p q -> extends q r -> extends p r.
Proof. intros [a ->] [b ->]. exists (b ++ a). now rewrite app_assoc. Qed.
Lemma extends_put o p : extends p (o :: p). Proof. now exists [o]. Qed.
Lemma extends_length p p' : extends p p' -> (length p <= length p')%nat.
Proof. intros [q ->]. rewrite app_length. lia. Qed.
Lemma values_app x u q p : exists m, values x u (q ++ p) = m ++ values x u p.
Proof.
  induction q as [|o q [m IH]]; simpl; [now exists []|]. rewrite IH. eexists (_ :: m). reflexivity.
Qed.
Lemma get_extends x u p p' j : extends p p' -> (j < length p)%nat ->
  get (values x u p') j = get (values x u p) j.
Proof.
  intros [q ->] L. destruct (values_app x u q p) as [m ->]. apply get_app. now rewrite values_length.
Qed.
Lemma operate_more x u m m' o : below (length m) (arguments o) = true ->
  operate x u (m' ++ m) o = operate x u m o.
Proof.
  intros B. assert (G : forall j, In j (arguments o) -> get (m' ++ m) j = get m j)
    by (intros j I; apply get_app; now apply (below_ok _ (arguments o))).
  destruct o; simpl in *; rewrite ?G by tauto; auto.
  f_equal. now apply map_ext_in.
Qed.
(** No operation that depends on a choice. *)
Definition settled (o : operation) : bool :=
  match o with OStep _ | OQuotient _ _ _ | OQuotient2 _ _ _ => false | _ => true end.
Lemma operate_settled x u u' m o : settled o = true -> operate x u m o = operate x u' m o.
Proof. destruct o; simpl; intros; auto; discriminate. Qed.
Lemma puts_ok x u u0 l : forall p p' js, puts l p = (p', js) ->
  forallb settled l = true -> forallb (fun o => below (length p) (arguments o)) l = true ->
  extends p p' /\ length js = length l /\ (forall j, In j js -> (j < length p')%nat) /\
  map (get (values x u p')) js = map (operate x u0 (values x u p)) l.
Proof.
  induction l as [|o l IH]; intros p p' js E S B; simpl in *.
  - inversion E; subst. split; [apply extends_refl|]. split; auto. split; [intros ? []|]. reflexivity.
  - destruct (puts l (o :: p)) as [p1 js1] eqn:E1. inversion E; subst; clear E.
    apply andb_prop in S; destruct S as [S1 S2]. apply andb_prop in B; destruct B as [B1 B2].
    assert (B3 : forallb (fun o => below (length (o :: p)) (arguments o)) l = true).
    { rewrite forallb_forall in *. intros q Q. specialize (B2 q Q). unfold below in *.
      rewrite forallb_forall in *. intros a A. specialize (B2 a A). rewrite Nat.ltb_lt in *. simpl. lia. }
    assert (B4 : forallb (fun q => below (length (o :: p)) (arguments q)) l = true) by exact B3.
    destruct (IH _ _ _ E1 S2 B4) as [X [L [I V]]]. 
    pose proof (extends_length _ _ X) as Lx. simpl in Lx.
    split; [eapply extends_trans; [apply extends_put|exact X]|].
    split; [simpl; lia|]. split; [intros j [<-|J]; [lia|now apply I]|].
    simpl. f_equal.
    + rewrite (get_extends x u _ _ (length p) X) by (simpl; lia). simpl.
      rewrite <- (values_length x u p). rewrite get_new. now apply operate_settled.
    + rewrite V. apply map_ext_in. intros q Q. rewrite forallb_forall in B2.
      apply (operate_more x u0 (values x u p) [operate x (u (length p)) (values x u p) o] q).
      rewrite values_length. now apply B2.
Qed.
